import Foundation
import Kafka
import Testing

/// What workers made of what was fed.
struct Outcomes {
  /// Records of the output topic and of the dead-letter topic, each partition's in its order.
  var results: [ConsumerRecord]
  var deadLetters: [ConsumerRecord]

  /// Where the message was that a result or a dead letter speaks of.
  static func place(of record: ConsumerRecord) throws -> Place {
    try record.header("sentiment-reason") == nil ? ResultRecord(record).source.place : DeadLetterHeaders(record).place
  }

  /// Where the reviews that the results speak of were; tombstones, which say nothing, are left out.
  func resultPlaces() throws -> [Place] {
    try results.filter { !$0.isTombstone }.map { try ResultRecord($0).source.place }
  }

  func deadLetterPlaces() throws -> [Place] { try deadLetters.map { try DeadLetterHeaders($0).place } }

  /// Every message fed has an outcome, and no outcome lacks a message.
  func expectNothingLost(of sent: [Sent], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let fed = Set(sent.map(\.place))
    let seen = Set(try resultPlaces() + deadLetterPlaces())
    let lost = fed.subtracting(seen).sorted()
    #expect(lost.count == 0, "\(lost.count) of \(fed.count) lost: \(lost.prefix(20))", sourceLocation: sourceLocation)
    let invented = seen.subtracting(fed).sorted()
    #expect(invented.count == 0, "outcomes of what was never fed: \(invented.prefix(20))", sourceLocation: sourceLocation)
  }

  func expectNoDuplicates(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let places = try resultPlaces() + deadLetterPlaces()
    let repeated = Dictionary(grouping: places) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
    #expect(repeated.count == 0, "\(repeated.count) duplicates: \(repeated.prefix(20))", sourceLocation: sourceLocation)
  }

  /// Within each partition of a topic that was written, an input partition's messages are in their order; of those that were
  /// written more than once, the first times are.
  func expectOrder(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for records in [results.filter { !$0.isTombstone }, deadLetters] {
      var last: [[Int32]: Int64] = [:]
      var seen: Set<Place> = []
      var misplaced: [Place] = []
      for record in records {
        let place = try Self.place(of: record)
        guard seen.insert(place).inserted else { continue }
        let path = [record.partition, place.partition]
        if let last = last[path], place.offset < last { misplaced.append(place) }
        last[path] = max(last[path] ?? -1, place.offset)
      }
      #expect(misplaced.count == 0, "out of order: \(misplaced.prefix(20))", sourceLocation: sourceLocation)
    }
  }
}

/// A result as its documentation describes it.
struct ResultRecord: Decodable {
  struct Model: Decodable {
    var name: String
    var fingerprint: String
    var precision: String
  }
  struct Source: Decodable {
    var topic: String
    var partition: Int32
    var offset: Int64
    var timestamp: Int64?

    var place: Place { Place(partition: partition, offset: offset) }
  }

  var version: Int
  var label: String
  var confidence: Double
  var probabilities: [String: Double]
  var tokens: Int
  var truncated: Bool
  var model: Model
  var source: Source

  init(_ record: ConsumerRecord) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(try #require(record.value, "\(record) has a null value")))
  }
}

/// The headers that a dead letter adds to its message's own.
struct DeadLetterHeaders {
  var reason: String
  var stage: String
  var topic: String
  var place: Place
  /// The message's own headers, in front of these.
  var original: [Header]

  init(_ record: ConsumerRecord) throws {
    let headers = record.headers
    func text(_ name: String) throws -> String {
      try #require(headers.last { $0.name == "sentiment-" + name }?.text, "\(record) has no header sentiment-\(name)")
    }
    reason = try text("reason")
    stage = try text("stage")
    topic = try text("source-topic")
    place = Place(
      partition: try #require(Int32(try text("source-partition"))), offset: try #require(Int64(try text("source-offset"))))
    original = Array(headers.prefix { !$0.name.hasPrefix("sentiment-") })
  }
}
