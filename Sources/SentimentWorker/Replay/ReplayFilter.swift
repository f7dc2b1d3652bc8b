import Kafka

/// Which records of a range are replayed.
struct ReplayFilter: Sendable, Equatable {
  /// All of these headers, with these values.
  var headers: [String: String] = [:]
  /// One key of so many; 1: all.
  var sample: UInt64 = 1
  /// Dead letters that were tried so often are left where they are, as are those whose value is not there.
  var maximumAttempts = Int.max

  /// Nothing is left out for what the user asked for.
  var isAll: Bool { headers.isEmpty && sample == 1 }

  func wants(_ record: ReviewRecord) -> Bool {
    if let origin = record.origin {
      if origin.attempts >= maximumAttempts || origin.isValueOmitted && record.message.valueCount == 0 { return false }
    }
    if isAll { return true }
    let message = record.message
    for (name, value) in headers where message.header(name).map({ $0.elementsEqual(value.utf8) }) != true { return false }
    return sample == 1 || Self.wants(key: message.key, place: (record.source.partition, record.source.offset), oneOf: sample)
  }

  /// The same keys on every run and machine; records without a key by where they are.
  static func wants(key: [UInt8]?, place source: (partition: Int32, offset: Int64), oneOf sample: UInt64) -> Bool {
    if let key { return hash(key) % sample == 0 }
    let place = bytes(of: UInt64(bitPattern: source.offset)) + bytes(of: UInt64(UInt32(bitPattern: source.partition)))
    return hash(place) % sample == 0
  }

  private static func bytes(of value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  /// FNV-1a of 64 bits, with the finaliser of MurmurHash3 (fmix64), because short keys leave FNV's low bits alike.
  private static func hash(_ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return hash ^ (hash >> 33)
  }
}

/// Holds a replay to a number of records a second. Pure.
struct ReplayPace: Sendable {
  private let interval: Double
  private var next: Nanoseconds = 0

  /// - Parameter rate: records a second.
  init(rate: Double) { interval = 1e9 / rate }

  /// Records that may be taken at once, so that a rebalance never waits long: a tenth of a second's, at least one.
  var groupLimit: Int { max(1, Int(min(1e8 / interval, 1e6))) }

  /// So many records were taken.
  /// - Returns: when more may be.
  mutating func take(_ count: Int, at now: Nanoseconds) -> Nanoseconds {
    // What was not used up is not made up for.
    next = max(next, now) &+ Nanoseconds(Double(count) * interval)
    return next
  }
}
