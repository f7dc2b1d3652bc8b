import Settings

/// What becomes of a message that cannot be labelled.
enum UnusablePolicy: String, SettingChoice {
  /// Its bytes go to the dead-letter topic, with headers that say why.
  case deadLetter = "dead-letter"
  /// Nothing is written; it is counted, and its offset is committed.
  case skip
  /// Its bytes go to the output topic as they are.
  case passThrough = "pass-through"
  /// The worker ends before it, with a message that says where it is.
  case fail
}

/// The kinds of messages that cannot be labelled, as far as policies tell them apart.
enum UnusableKind: String, CaseIterable, Sendable {
  case notJSON = "not-json"
  case textMissing = "text-missing"
  case notUTF8 = "not-utf8"
  case emptyText = "empty-text"
  case tooLarge = "too-large"
  case notEnrichable = "not-enrichable"
  case tombstone
}

extension Unusable.Reason {
  var kind: UnusableKind {
    switch self {
    case .notJSON, .tooDeep: .notJSON
    case .fieldMissing, .notAString: .textMissing
    case .notUTF8, .loneSurrogate: .notUTF8
    case .blank: .emptyText
    case .tooLarge: .tooLarge
    case .notAnObject, .memberExists: .notEnrichable
    case .tombstone: .tombstone
    }
  }
}

/// The policy of every kind.
struct UnusablePolicies: Sendable, Equatable {
  private var policies: [UnusableKind: UnusablePolicy]

  /// - Parameter policies: those not named are dead-lettered.
  init(_ policies: [UnusableKind: UnusablePolicy] = [:]) { self.policies = policies }

  subscript(reason: Unusable.Reason) -> UnusablePolicy { policies[reason.kind] ?? .deadLetter }
}
