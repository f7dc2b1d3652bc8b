import Foundation

/// What `top` reads of a stats line.
struct TopLine: Decodable, Sendable, Equatable {
  struct Records: Decodable, Sendable, Equatable {
    var labelled: Int
    var passedThrough: Int
    var deadLettered: Int
    var skipped: Int

    enum CodingKeys: String, CodingKey {
      case labelled
      case passedThrough = "passed_through"
      case deadLettered = "dead_lettered"
      case skipped
    }
  }
  struct Lanes: Decodable, Sendable, Equatable {
    var count: Int
    var utilisation: Double
  }
  struct InFlight: Decodable, Sendable, Equatable { var records: Int }
  struct Health: Decodable, Sendable, Equatable {
    var good: Bool
    var stalled: [String]
  }
  struct Latency: Decodable, Sendable, Equatable {
    var count: Int
    var p50: Double
    var p95: Double
    var p99: Double
    var max: Double
  }
  struct Drift: Decodable, Sendable, Equatable {
    var stabilityIndex: Double?

    enum CodingKeys: String, CodingKey { case stabilityIndex = "stability_index" }
  }
  struct Lag: Decodable, Sendable, Equatable {
    var total: Int
    var partitions: [String: Int]
  }
  struct Model: Decodable, Sendable, Equatable {
    var name: String
    var precision: String
  }

  var time: String
  var recordsPerSecond: Double
  var sinceStart: Records
  var lanes: Lanes
  var waiting: InFlight
  var inFlight: InFlight
  var paused: Bool
  var health: Health
  var latency: [String: Latency]
  var lag: Lag
  var labels: [String: Int]
  var meanConfidence: Double?
  var drift: Drift?
  var deadLetters: [String: Int]
  var errors: [String: Int]
  var rebalances: Int
  var memory: Int?
  var model: Model

  enum CodingKeys: String, CodingKey {
    case time, lanes, waiting, paused, health, lag, labels, drift, errors, rebalances, model
    case recordsPerSecond = "records_per_second"
    case sinceStart = "records_since_start"
    case inFlight = "in_flight"
    case latency = "latency_ms"
    case meanConfidence = "mean_confidence"
    case deadLetters = "dead_letters"
    case memory = "memory_resident_bytes"
  }

  /// Nil for anything but a stats line.
  init?(_ bytes: some Sequence<UInt8>) {
    guard let line = try? JSONDecoder().decode(TopLine.self, from: Data(bytes)) else { return nil }
    self = line
  }
}
