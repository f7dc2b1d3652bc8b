import Foundation
import Kafka
import Settings

/// A worker in the place of the real one: the least that does right by the verdict, or wrong in one known way.
///
/// Reads a few records, writes their outcomes, waits for the acknowledgements, commits. Confined to one thread.
final class BrokenWorker {
  private let values: SettingValues
  private let defect: Defect
  private let consumer: Consumer
  private let producer: Producer
  private var handled = 0
  /// A result that is written after the next one.
  private var heldBack: ConsumerRecord?
  /// What is committed ahead is written only this much later.
  private var late: [ConsumerRecord] = []
  private var offsets: [TopicPartition: Int64] = [:]

  init(_ values: SettingValues) throws {
    self.values = values
    defect = values[HarnessSettings.defect]
    let base = ["bootstrap.servers": values[HarnessSettings.brokers].joined(separator: ",")]
    consumer = try Consumer(
      configuration: KafkaConfiguration(base).merging(values[HarnessSettings.kafka]).merging([
        "group.id": values[HarnessSettings.group], "auto.offset.reset": "earliest",
      ]))
    producer = try Producer(
      configuration: KafkaConfiguration(base).merging([
        "enable.idempotence": "true", "partitioner": "murmur2_random", "linger.ms": "1",
      ]))
  }

  /// Works until `stop` is raised.
  func run(until stop: StopFlag) throws {
    try consumer.subscribe(topics: [values[HarnessSettings.inputTopic]])
    while !stop.isRaised {
      for _ in 0..<50 {
        guard case .record(let record) = consumer.poll(timeout: .milliseconds(20)) else { break }
        handled += 1
        try handle(record)
        offsets[record.topicPartition] = record.offset + 1
      }
      try settle()
    }
    if let record = heldBack { try write(record) }
    for record in late { try write(record) }
    try producer.flush(timeout: .seconds(10)) { _ in }
    try? consumer.close(timeout: .seconds(10))
    producer.close(flushTimeout: .seconds(10)) { _ in }
  }

  private func handle(_ record: ConsumerRecord) throws {
    let isChosen = handled % 50 == 0
    switch defect {
    case .lose where isChosen: return
    case .duplicate where isChosen:
      try write(record)
      try write(record)
    case .swap:
      // The next one of the same key, so that both go to the same partition.
      if let held = heldBack, held.key == record.key {
        try write(record)
        try write(held)
        heldBack = nil
      } else if heldBack == nil, isChosen {
        heldBack = record
      } else {
        try write(record)
      }
    case .commitAhead:
      late.append(record)
      if late.count > 200 { try write(late.removeFirst()) }
    case .crash where handled % 200 == 0: kill(getpid(), SIGKILL)
    default: try write(record)
    }
  }

  private func settle() throws {
    try producer.flush(timeout: .seconds(30)) { _ in }
    guard !offsets.isEmpty else { return }
    let short: Int64 = defect == .commitShort ? 1 : 0
    try? consumer.commit(offsets.mapValues { $0 - short }, synchronous: true, timeout: .seconds(5))
    offsets = [:]
  }

  private func write(_ record: ConsumerRecord) throws {
    let fate = record.header(FedRecord.fateHeader).flatMap { String(validating: $0, as: UTF8.self) }.flatMap { Fate($0) }
    let output = values[HarnessSettings.outputTopic]
    switch fate {
    case .deadLettered(let reason):
      if defect == .dropPoison { return }
      let headers = [
        ("reason", defect == .wrongReason ? "wrong" : reason), ("source-partition", "\(record.partition)"),
        ("source-offset", "\(record.offset)"),
      ]
      try producer.forward(
        record, to: values[HarnessSettings.deadLetterTopic], addingHeaders: headers.map { Header("sentiment-" + $0.0, $0.1) })
    case .passedThrough: try producer.forward(record, to: output)
    case .labelled, nil:
      let result = Array(
        #"{"label":"Positive","source":{"partition":\#(record.partition),"offset":\#(record.offset)}}"#.utf8)
      let key = defect == .alterKey && handled % 50 == 0 ? (record.key ?? []) + [0] : record.key
      try producer.send(
        to: output, partition: defect == .scatter ? Int32(handled % 2) : nil, key: key, value: result, headers: record.headers)
    }
  }
}
