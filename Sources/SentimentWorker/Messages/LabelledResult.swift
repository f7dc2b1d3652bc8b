import Foundation

/// A `result` record of an output topic, as far as it can be compared with another.
struct LabelledResult: Decodable, Equatable, Sendable {
  struct Model: Decodable, Hashable, Sendable {
    let name: String
    let fingerprint: String
    let precision: String
  }

  struct Source: Decodable, Equatable, Sendable {
    let topic: String
    let partition: Int32
    let offset: Int64
  }

  let label: String
  /// Of the label, 0…1.
  let confidence: Double
  let model: Model
  let source: Source

  /// - Returns: nil for what is no `result` record.
  init?(json: [UInt8]) {
    guard let result = try? JSONDecoder().decode(Self.self, from: Data(json)), result.confidence.isFinite else { return nil }
    self = result
  }
}
