/// How the rows of a pass are dealt to the threads of a lane for attention: one range to each, of about the same cost.
struct RowDivision {
  /// Sequences start at multiples of this many rows.
  var alignment = 1
  /// Ranges start at multiples of it.
  var unit = 1

  /// The rows of one member; empty where there are too few.
  func rows(of member: TeamMember, lengths: UnsafeBufferPointer<Int>) -> Range<Int> {
    start(member.index, of: member.count, lengths: lengths)..<start(member.index + 1, of: member.count, lengths: lengths)
  }

  private func start(_ index: Int, of count: Int, lengths: UnsafeBufferPointer<Int>) -> Int {
    if index == 0 { return 0 }
    var rows = 0
    var cost = 0
    for length in lengths {
      rows += roundUp(length, to: alignment)
      cost += self.cost(of: length)
    }
    let all = roundUp(rows, to: unit)
    if index == count { return all }
    var row = 0
    var left = cost * index / count
    for length in lengths {
      let own = self.cost(of: length)
      if left <= own {
        row += left / costOfRow(length)
        break
      }
      left -= own
      row += roundUp(length, to: alignment)
    }
    return min((row + unit / 2) / unit * unit, all)
  }

  /// A row has its sequence's tokens to attend to; what it costs besides, copying and coding, is taken for 32 more.
  private func costOfRow(_ length: Int) -> Int { length + 32 }
  private func cost(of length: Int) -> Int { roundUp(length, to: alignment) * costOfRow(length) }
}
