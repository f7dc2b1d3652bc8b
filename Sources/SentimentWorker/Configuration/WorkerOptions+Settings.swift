import Foundation
import Kafka
import Settings

extension WorkerOptions {
  /// The options that the settings ask for.
  /// - Throws: `WorkerError` of kind `usage` for a librdkafka property that does not exist or has an impossible value.
  init(_ values: SettingValues, lanes: Int) throws(WorkerError) {
    let clients = ClientProperties(values)
    do throws(KafkaError) {
      try clients.consumer.validate()
      try clients.producer.validate()
    } catch {
      throw WorkerError(.usage, error.message)
    }
    let format: ReviewDecoder.Format
    do {
      format = values[WorkerSettings.inputFormat] == .json ? .json(try JSONPointer(values[WorkerSettings.textPointer])) : .text
    } catch {
      throw WorkerError(.usage, "input.text-pointer: \(error)")
    }
    let enrichMember = values[WorkerSettings.enrichMember]
    self.init(
      consumer: clients.consumer, producer: clients.producer, inputTopics: [values[WorkerSettings.inputTopic]],
      outputTopic: values[WorkerSettings.outputTopic], deadLetterTopic: WorkerSettings.deadLetterTopic(values),
      decoder: ReviewDecoder(
        format: format, enrichedMember: values[WorkerSettings.outputFormat] == .enrich ? enrichMember : nil,
        maximumBytes: values[WorkerSettings.maximumBytes].bytes),
      outputFormat: values[WorkerSettings.outputFormat], enrichMember: enrichMember, lanes: lanes,
      batch: BatchLimits(
        tokens: values[WorkerSettings.batchTokens], records: values[WorkerSettings.batchRecords],
        wait: values[WorkerSettings.batchWait]),
      inFlight: FlowControl.Limits(
        tokens: values[WorkerSettings.inFlightTokens], bytes: values[WorkerSettings.inFlightBytes].bytes,
        records: values[WorkerSettings.inFlightRecords]),
      transactions: values[WorkerSettings.guarantee] == .exactlyOnce
        ? TransactionLimits(
          interval: values[WorkerSettings.transactionInterval], records: values[WorkerSettings.transactionRecords],
          timeout: ClientProperties.transactionTimeout(values) ?? .seconds(30)) : nil,
      commitInterval: values[WorkerSettings.commitInterval], drainDeadline: values[WorkerSettings.drainDeadline],
      startTimeout: values[WorkerSettings.startTimeout], statsInterval: values[WorkerSettings.statsInterval],
      policies: FailureSettings.unusablePolicies(values), retries: FailureSettings.retryLimits(values),
      stallTimeout: values[FailureSettings.stallTimeout])
  }
}

extension TransactionalID {
  /// The id of this process, where the settings ask for transactions.
  static func take(_ values: SettingValues, group: String) throws(WorkerError) -> TransactionalID? {
    guard values[WorkerSettings.guarantee] == .exactlyOnce else { return nil }
    let template = values[WorkerSettings.transactionalID]
    let directory = values[WorkerSettings.stateDirectory]
    return try take(
      template: template.isEmpty ? nil : template, group: group,
      directory: directory.isEmpty ? defaultDirectory() : URL(fileURLWithPath: directory))
  }
}

/// librdkafka properties of the worker's two clients: what the settings say, over what the worker needs or is better with.
struct ClientProperties {
  /// Not to be changed: the delivery guarantee stands on them.
  static func fixed(_ values: SettingValues) -> [String: String] {
    let always = ["enable.auto.commit": "false", "enable.auto.offset.store": "false", "enable.idempotence": "true"]
    guard values[WorkerSettings.guarantee] == .exactlyOnce else { return always }
    // Also has a partition's new owner wait for offsets whose transaction is being committed.
    return always.merging(["isolation.level": "read_committed"]) { $1 }
  }

  /// How long a transaction may take before the brokers give it up. Longer than a broker takes to restart; readers of the output
  /// wait that long for a worker that crashed and does not come back. Nil where the setting is no number.
  static func transactionTimeout(_ values: SettingValues) -> Duration? {
    guard let text = values[WorkerSettings.kafka]["transaction.timeout.ms"] else { return .seconds(30) }
    return Int(text).map { .milliseconds($0) }
  }

  let consumer: KafkaConfiguration
  let producer: KafkaConfiguration

  init(_ values: SettingValues) {
    var common = values[WorkerSettings.kafka].mapValues(HostTemplate.text)
    common["bootstrap.servers"] = values[WorkerSettings.brokers].joined(separator: ",")
    let group = values[WorkerSettings.group]
    if !group.isEmpty { common["group.id"] = group }
    var consumer = common
    consumer.setDefaults([
      "client.id": "sentiment-worker",
      // A group that is new reads what is there: a stream is labelled whole.
      "auto.offset.reset": "earliest",
      // What is prefetched is dropped at a pause, and counts beside batch.max-in-flight-bytes in memory.
      "queued.max.messages.kbytes": "32768",
      // By count the bytes bound no small messages: librdkafka keeps some 500 bytes about each, 100,000 of a partition by default.
      "queued.min.messages": "25000",
      // How long a partition whose prefetched messages reach that bound is left alone. The default (500 ms to 1 s, by version)
      // leaves a fast consumer with nothing to do.
      KafkaConfiguration.isKnown("fetch.queue.backoff.ms") ? "fetch.queue.backoff.ms" : "fetch.error.backoff.ms": "20",
      // Cooperative rebalancing can lose records below librdkafka 2.10.
      "partition.assignment.strategy": LibraryVersion.isCooperativeRebalancingSafe ? "cooperative-sticky" : "range,roundrobin",
    ])
    var producer = common
    let isExactlyOnce = values[WorkerSettings.guarantee] == .exactlyOnce
    let timeout = (Self.transactionTimeout(values) ?? .seconds(30)).nanoseconds / 1_000_000
    producer.setDefaults([
      "client.id": "sentiment-worker",
      // Where the JVM's clients put the same key, so that topics can be joined.
      "partitioner": "murmur2_random",
      // Nothing is given up because brokers are away: consumption pauses at its bounds until they are back. In a transaction
      // librdkafka allows no more than its time-out; what is given up then is sent again in another one.
      "message.timeout.ms": isExactlyOnce ? "\(timeout)" : "0",
      // The broker's own limit decides; the client's would refuse what the broker takes.
      "message.max.bytes": "104857600",
      "linger.ms": "5",
      "compression.type": "lz4",
    ])
    if isExactlyOnce { producer.setDefaults(["transaction.timeout.ms": "\(timeout)"]) }
    consumer.merge(Self.fixed(values)) { _, fixed in fixed }
    producer.merge(Self.fixed(values)) { _, fixed in fixed }
    self.consumer = KafkaConfiguration(consumer)
    self.producer = KafkaConfiguration(producer)
  }
}

extension [String: String] {
  fileprivate mutating func setDefaults(_ defaults: [String: String]) { merge(defaults) { given, _ in given } }
}
