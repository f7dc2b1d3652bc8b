import Settings

/// What a broken worker does wrong.
enum Defect: String, SettingChoice {
  case none
  /// Never writes some of the results.
  case lose
  /// Writes some results twice.
  case duplicate
  /// Writes some results after the next one.
  case swap
  /// Commits offsets before their results are written.
  case commitAhead = "commit-ahead"
  /// Never commits the last records.
  case commitShort = "commit-short"
  /// Drops what cannot be labelled.
  case dropPoison = "drop-poison"
  /// Gives dead letters a wrong reason.
  case wrongReason = "wrong-reason"
  /// Chooses the partition of a result without its key.
  case scatter
  /// Changes a result's key.
  case alterKey = "alter-key"
  /// Dies now and then, as of the kernel's want of memory.
  case crash

  /// What a verdict has to find, at the least. Others may follow from it.
  var violation: Verdict.Violation? {
    switch self {
    case .none: nil
    case .lose, .dropPoison: .lost
    case .duplicate: .unexplainedRedelivery
    case .swap: .outOfOrder
    case .commitAhead: .committedBeyondOutput
    case .commitShort: .committedNotAtEnd
    case .wrongReason: .wrongFate
    case .scatter: .keyScattered
    case .alterKey: .altered
    case .crash: .crashed
    }
  }
}
