import TestSupport

/// What has to become of a record that is fed; what became of it, of one that was read.
enum Fate: Sendable, Hashable, CustomStringConvertible {
  case labelled
  /// A tombstone in the output topic.
  case passedThrough
  case deadLettered(reason: String)

  private static let deadLetterPrefix = "dead-lettered:"

  /// As it stands in a header of the record.
  var description: String {
    switch self {
    case .labelled: "labelled"
    case .passedThrough: "passed-through"
    case .deadLettered(let reason): Self.deadLetterPrefix + reason
    }
  }

  init?(_ text: String) {
    switch text {
    case "labelled": self = .labelled
    case "passed-through": self = .passedThrough
    default:
      guard text.hasPrefix(Self.deadLetterPrefix) else { return nil }
      self = .deadLettered(reason: String(text.dropFirst(Self.deadLetterPrefix.count)))
    }
  }

  var isDeadLettered: Bool { if case .deadLettered = self { true } else { false } }
}

/// A record to be fed. It carries its identifier and its fate in headers, which every outcome keeps.
struct FedRecord: Sendable, Equatable {
  static let identifierHeader = "fault-harness-id"
  static let fateHeader = "fault-harness-fate"

  var id: String
  var key: [UInt8]
  /// nil for a tombstone.
  var value: [UInt8]?
  var fate: Fate
}

/// The records of a run, by number: the same for the same seed.
struct Feed: Sendable {
  /// Texts with this in them are what the model fails on.
  static let failureMarker = "[fault-harness: fail here]"

  let seed: UInt64
  /// Different keys; records of one key keep their order.
  let keys: Int

  /// A review that can be labelled.
  func review(_ number: Int) -> FedRecord {
    var random = self.random(number)
    let text = Self.sentence(&random)
    return FedRecord(
      id: "r\(number)", key: key(&random), value: Array(#"{"id":\#(number),"text":"\#(text)"}"#.utf8), fate: .labelled)
  }

  /// One record of each kind that cannot be labelled.
  func poison(fault: Int) -> [FedRecord] {
    let kinds: [(value: [UInt8]?, fate: Fate)] = [
      (Array("not JSON at all".utf8), .deadLettered(reason: "not-json")),
      (Array(#"{"text": "cut off"#.utf8), .deadLettered(reason: "not-json")),
      ([], .deadLettered(reason: "not-json")),
      (Array(#"{"body": "the text is elsewhere"}"#.utf8), .deadLettered(reason: "field-missing")),
      (Array(#"{"text": 42}"#.utf8), .deadLettered(reason: "not-a-string")),
      (Array(#"{"text": ""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8), .deadLettered(reason: "not-utf8")),
      (Array(#"{"text": ""}"#.utf8), .deadLettered(reason: "blank")),
      (nil, .passedThrough),
    ]
    var random = self.random(-fault)
    return kinds.enumerated().map { index, kind in
      FedRecord(id: "p\(fault)-\(index)", key: key(&random), value: kind.value, fate: kind.fate)
    }
  }

  /// Records that the model fails on, each beside one that it does not.
  func modelErrors(fault: Int, count: Int) -> [FedRecord] {
    var random = self.random(-fault)
    return (0..<count * 2).map { index in
      let fails = index % 2 == 1
      let text = Self.sentence(&random) + (fails ? " " + Self.failureMarker : "")
      return FedRecord(
        id: "m\(fault)-\(index)", key: key(&random), value: Array(#"{"text":"\#(text)"}"#.utf8),
        fate: fails ? .deadLettered(reason: "model-error") : .labelled)
    }
  }

  private func random(_ number: Int) -> SeededRandom {
    var mixed = SeededRandom(seed: seed ^ UInt64(bitPattern: Int64(number)))
    return SeededRandom(seed: mixed.next())
  }

  private func key(_ random: inout SeededRandom) -> [UInt8] {
    Array("key-\(Int.random(in: 0..<max(1, keys), using: &random))".utf8)
  }

  private static let openings = ["The film", "This story", "The second half", "Her performance", "The whole cast", "The music"]
  private static let middles = ["is", "was", "seemed", "never stops being", "turns out"]
  private static let endings = [
    "a delight", "a waste of two hours", "slow but honest", "loud and empty", "better than I had hoped",
  ]

  private static func sentence(_ random: inout SeededRandom) -> String {
    func word(_ words: [String]) -> String { words[Int.random(in: words.indices, using: &random)] }
    return "\(word(openings)) \(word(middles)) \(word(endings))."
  }
}
