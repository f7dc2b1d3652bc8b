/// `; did you mean "x"?` for the known name nearest to what was written, or nothing where none is near.
func suggestion(for written: String, among known: [String]) -> String {
  nearestName(to: written, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
}

/// The known name that `written` most likely stands for.
///
/// Case and `_` for `-` do not count. A name that lacks its group (`max-tokens` for `batch.max-tokens`) is found too.
/// Otherwise the nearest by edit distance, where no more than a third of the letters are wrong.
func nearestName(to written: String, among known: [String]) -> String? {
  // Nobody mistypes a name of this length, and the distance takes time in proportion to it.
  guard !written.isEmpty, written.utf8.count <= 100 else { return nil }
  let wanted = normalised(written)
  if let member = known.first(where: { normalised($0).hasSuffix("." + wanted) }) { return member }
  var best: (name: String, distance: Int)?
  for name in known {
    let distance = editDistance(Array(wanted.unicodeScalars), Array(normalised(name).unicodeScalars))
    let allowed = max(1, min(wanted.count, name.count) / 3)
    if distance <= allowed, distance < best?.distance ?? .max { best = (name, distance) }
  }
  return best?.name
}

private func normalised(_ name: String) -> String {
  String(name.lowercased().map { $0 == "_" ? "-" : $0 })
}

/// Damerau-Levenshtein distance in its optimal string alignment form: insertions, deletions, substitutions and swaps of
/// neighbours, no part edited twice (L. Boytsov, "Indexing methods for approximate dictionary searching", 2011, section 2.2).
func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...right.count)
  for i in left.indices {
    var row = [i + 1]
    for j in right.indices {
      var distance = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
        distance = min(distance, beforeLast[j - 1] + 1)
      }
      row.append(distance)
    }
    beforeLast = last
    last = row
  }
  return last[right.count]
}
