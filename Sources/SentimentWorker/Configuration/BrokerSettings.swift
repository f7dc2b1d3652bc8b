import Settings

/// Settings of the `broker` command.
enum BrokerSettings {
  static let port = Setting<Int>(
    "broker.port", flag: "port", shortFlag: "p", default: 0, allowed: .range(0...65535),
    summary: "Port to listen on; 0 takes any free one, which is printed.",
    commandLineOnly: true)
  static let topics = Setting<[String]>(
    "broker.topic", flag: "topic", shortFlag: "t", default: [],
    allowed: .matching(
      "NAME or NAME:PARTITIONS, with up to 249 of a-z, A-Z, 0-9, ., _ and - in the name and 1 to 1000 partitions"
    ) { $0.allSatisfy { TopicSpecification($0) != nil } },
    summary: "Topic to create, with 4 partitions unless said; may be repeated. Others come into being when they are used.",
    placeholder: "NAME[:PARTITIONS]", commandLineOnly: true)

  static let all: [any AnySetting] = [port, topics]
}

/// `NAME` or `NAME:PARTITIONS`, with a name that Kafka allows.
struct TopicSpecification {
  var name: String
  var partitions: Int

  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let name = parts.first, Self.isAllowed(name), parts.count <= 2 else { return nil }
    self.name = String(name)
    guard parts.count == 2 else {
      partitions = 4
      return
    }
    guard let partitions = Int(parts[1]), (1...1000).contains(partitions) else { return nil }
    self.partitions = partitions
  }

  private static func isAllowed(_ name: Substring) -> Bool {
    (1...249).contains(name.utf8.count) && name != "." && name != ".."
      && name.unicodeScalars.allSatisfy { scalar in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
        default: false
        }
      }
  }
}
