import Foundation
import Kafka

/// Reads whole topics, as consumers with `read_committed` see them.
struct TopicReading {
  let brokers: String
  /// How long to wait for the end, which transactions that were left open keep away until the broker ends them.
  let limit: Duration

  /// Every record of a topic, each partition's in its order.
  /// - Throws: `HarnessError` if the ends are not reached in time.
  func records(of topic: String, partitions: Int) throws -> (records: [ConsumerRecord], ends: [Int32: Int64]) {
    let consumer = try Consumer(
      configuration: KafkaConfiguration([
        "bootstrap.servers": brokers, "group.id": "fault-harness-reader", "isolation.level": "read_committed",
        "enable.partition.eof": "true", "fetch.wait.max.ms": "50",
      ]))
    defer { try? consumer.close(timeout: .seconds(5)) }
    let all = (0..<partitions).map { TopicPartition(topic: topic, partition: Int32($0)) }
    let ends = try ends(of: topic, partitions: partitions)
    try consumer.assign(Dictionary(uniqueKeysWithValues: all.map { ($0, .beginning) }))
    var open = Set(ends.filter { $0.value > 0 }.keys)
    var records: [ConsumerRecord] = []
    let deadline = ContinuousClock.now.advanced(by: limit)
    while !open.isEmpty {
      switch consumer.poll(timeout: .milliseconds(100)) {
      case .record(let record): records.append(record)
      case .endOfPartition(let partition, let offset):
        if offset >= ends[partition.partition] ?? 0 { open.remove(partition.partition) }
      case .error(let error) where error.isFatal: throw HarnessError("reading \(topic): \(error)")
      default: break
      }
      if ContinuousClock.now >= deadline {
        throw HarnessError(
          "\(topic): partitions \(open.sorted()) were not read to their end within \(limit): an open transaction?")
      }
    }
    return (records, ends)
  }

  /// The offsets after the last records, those of open transactions included: asked with `read_committed`, a broker would answer
  /// where the first open transaction begins, and what it hides would not be missed.
  func ends(of topic: String, partitions: Int) throws -> [Int32: Int64] {
    let consumer = try Consumer(
      configuration: KafkaConfiguration([
        "bootstrap.servers": brokers, "group.id": "fault-harness-reader", "isolation.level": "read_uncommitted",
      ]))
    defer { try? consumer.close(timeout: .seconds(5)) }
    let deadline = ContinuousClock.now.advanced(by: limit)
    var ends: [Int32: Int64] = [:]
    var next: Int32 = 0
    while next < partitions {
      do throws(KafkaError) {
        ends[next] = try consumer.queryWatermarks(TopicPartition(topic: topic, partition: next), timeout: .seconds(10)).high
        next += 1
      } catch {
        // A broker that has just come back may not lead its partitions yet.
        guard error.isRetriable, ContinuousClock.now < deadline else { throw error }
        _ = consumer.poll(timeout: .milliseconds(500))
      }
    }
    return ends
  }

  // MARK: What records say

  /// nil for a record that no feeder of this program wrote.
  static func input(_ record: ConsumerRecord) -> InputRecord? {
    guard let id = text(record, FedRecord.identifierHeader), let fate = text(record, FedRecord.fateHeader).flatMap({ Fate($0) })
    else { return nil }
    return InputRecord(
      place: place(of: record), id: id, key: record.key, value: fate == .labelled ? nil : record.value, fate: fate)
  }

  static func outcome(_ record: ConsumerRecord, _ topic: OutcomeRecord.Topic) -> OutcomeRecord {
    var outcome = OutcomeRecord(
      topic: topic, place: place(of: record), appendedAt: record.timestamp ?? 0, id: text(record, FedRecord.identifierHeader),
      key: record.key)
    if let reason = text(record, "sentiment-reason") {
      outcome.fate = .deadLettered(reason: reason)
      outcome.value = record.value
      if let partition = text(record, "sentiment-source-partition").flatMap({ Int32($0) }),
        let offset = text(record, "sentiment-source-offset").flatMap({ Int64($0) })
      {
        outcome.source = Place(partition: partition, offset: offset)
      }
    } else if record.isTombstone {
      outcome.fate = .passedThrough
    } else if let value = record.value, let result = try? JSONDecoder().decode(ResultRecord.self, from: Data(value)) {
      outcome.fate = .labelled
      outcome.source = Place(partition: result.source.partition, offset: result.source.offset)
    }
    return outcome
  }

  /// What this program reads of a result.
  private struct ResultRecord: Decodable {
    struct Source: Decodable {
      var partition: Int32
      var offset: Int64
    }
    var label: String
    var source: Source
  }

  private static func place(of record: ConsumerRecord) -> Place { Place(partition: record.partition, offset: record.offset) }

  private static func text(_ record: ConsumerRecord, _ header: String) -> String? {
    record.header(header).flatMap { String(validating: $0, as: UTF8.self) }
  }
}
