/// How the rows of a pass are dealt to the threads of a lane: one range to each, of about the same cost.
///
/// A row's linear layers cost the same wherever it stands; its attention costs as its sequence is long.
struct RowDivision {
  /// Sequences start at multiples of this many rows.
  let alignment: Int
  /// Ranges start at multiples of it.
  let unit: Int
  private let linearCost: Int
  /// Per token of the sequence.
  private let attentionCost: Int

  init(_ configuration: ModelConfiguration, alignment: Int = 1, unit: Int = 1) {
    self.alignment = alignment
    self.unit = unit
    let d = configuration.dimension
    // Multiplications per row and layer. Those of attention take about twice as long, with the softmax between them.
    linearCost = 4 * d * d + 2 * d * configuration.hiddenDimension
    attentionCost = 2 * 2 * d
  }

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

  private func costOfRow(_ length: Int) -> Int { linearCost + attentionCost * length }
  private func cost(of length: Int) -> Int { roundUp(length, to: alignment) * costOfRow(length) }
}
