import DistilBERT
import Foundation
import Kafka
import Settings
import Telemetry

/// `check`: every step that `run` would take, each with ok or what to do.
struct CheckCommand {
  let values: SettingValues
  let terminal: Terminal

  func run() throws -> Int32 {
    var findings: [CheckFinding] = []
    let output = values[CheckSettings.output]
    func report(_ step: String, _ severity: CheckFinding.Severity, _ text: String) {
      let finding = CheckFinding(step: step, severity: severity, text: text)
      findings.append(finding)
      if output == .text { for line in finding.lines { terminal.print(line) } }
    }

    let lanes = ModelLoading.lanes(values)
    report("CPU", .ok, "\(count(lanes, "lane")); \(Model.runtimeDescription)")
    do throws(WorkerError) {
      let options = try WorkerOptions(values, lanes: lanes)
      report("configuration", .ok, "\(values.effective().filter { $0.source != .default }.count) settings given, all valid")
      for warning in LibraryVersion.warnings(for: options.consumer) { report("librdkafka", .warning, warning) }
      if let topics = reach(options, report) { RightsCheck(options: options, values: values, report: report).run(topics) }
      checkModel(options, report)
    } catch {
      report("configuration", .failed, error.description)
    }
    if output == .json { _ = terminal.write(CheckFinding.json(findings)) }
    return findings.contains { $0.severity == .failed } ? ExitStatus.failure : ExitStatus.success
  }

  typealias Report = (_ step: String, _ severity: CheckFinding.Severity, _ text: String) -> Void

  private func reach(_ options: WorkerOptions, _ report: Report) -> WorkerTopics? {
    do throws(KafkaError) {
      let metadata = try AdminClient.reach(options.producer, topics: [], timeout: options.startTimeout)
      let brokers = metadata.brokers.map { "\($0.host):\($0.port)" }
      let security = options.consumer["security.protocol"] ?? "plaintext"
      let login = options.consumer["sasl.mechanism"].map { ", \($0)" } ?? ""
      report("brokers", .ok, "reached \(brokers.count) by \(security)\(login): \(brokers.joined(separator: ", "))")
    } catch {
      report("brokers", .failed, WorkerError.kafka(error).description)
      return nil
    }
    do throws(WorkerError) {
      guard let topics = try Preflight(options: options).check(while: { true }) else { return nil }
      report(
        "topics", .ok,
        "\(values[WorkerSettings.inputTopic]) has \(count(topics.inputPartitions, "partition")); \(options.outputTopic) \(topics.output.partitions); \(options.deadLetterTopic) \(topics.deadLetter.partitions)"
      )
      if Int(topics.output.partitions) < topics.inputPartitions {
        report(
          "topics", .warning,
          "\(options.outputTopic) has fewer partitions than \(values[WorkerSettings.inputTopic]): order within an input partition holds, but output is less spread"
        )
      }
      return topics
    } catch {
      report("topics", .failed, error.description)
      return nil
    }
  }

  private func checkModel(_ options: WorkerOptions, _ report: Report) {
    do {
      let start = MonotonicClock.now
      let model = try ModelLoading.load(values)
      let seconds = Duration(nanoseconds: MonotonicClock.now - start).inSeconds
      report(
        "model", .ok,
        "\(model.identity.name) (\(model.identity.precision), \(model.identity.kernels), fingerprint \(model.identity.fingerprint)) loaded in \(Int(seconds * 1000)) ms; labels \(model.labels.joined(separator: ", "))"
      )
      for remark in model.remarks { report("model", .warning, remark) }
      let lane = try model.makeLane()
      for text in ["A wonderful film, I loved every minute of it.", "A dull film, the worst I have seen this year."] {
        let tokenised = try model.tokenise(Array(text.utf8).span)
        for answer in try lane.label([tokenised]) {
          let verdict = Verdict(labels: model.labels, try answer.get(), tokenised)
          report("model", .ok, "\"\(text)\" is \(verdict.label), confidence \(verdict.confidence)")
        }
      }
      let texts = try SampleReview.all().prefix(40).map { try model.tokenise(Array($0.text.utf8).span) }
      guard !texts.isEmpty else { return }
      let speed = try LabellingSpeed.measure(model, on: texts, lanes: options.lanes, batch: options.batch)
      let tokens = texts.reduce(0) { $0 + $1.ids.count } / texts.count
      report(
        "speed", .ok, "about \(Figures.significant(speed)) texts a second of \(tokens) tokens, on \(count(options.lanes, "lane"))"
      )
    } catch let failure as LabellingFailure {
      report("model", .failed, failure.detail)
    } catch {
      report("model", .failed, "\(error)")
    }
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

/// Tries, as the worker would, everything that Kafka may refuse it and that leaves nothing behind.
private struct RightsCheck {
  let options: WorkerOptions
  let values: SettingValues
  let report: CheckCommand.Report

  private static let patience = Duration.seconds(10)
  private var topic: String { values[WorkerSettings.inputTopic] }

  func run(_ topics: WorkerTopics) {
    let partitions = (0..<topics.inputPartitions).map { TopicPartition(topic: topic, partition: Int32($0)) }
    do throws(KafkaError) {
      var configuration = options.consumer
      let group = configuration["group.id"]
      if group == nil { configuration["group.id"] = "sentiment-worker-check" }
      configuration["enable.partition.eof"] = "true"
      let consumer = try Consumer(configuration: configuration)
      if let group { checkGroup(group, partitions, consumer) }
      checkReading(partitions, consumer)
      checkClocks(partitions, consumer)
    } catch {
      report("reading", .failed, WorkerError.kafka(error).description)
    }
    checkTransactions()
    report(
      "not checked", .note,
      "the right to write to \(options.outputTopic) and \(options.deadLetterTopic): only writing finds out; run ends with a message if it is refused"
    )
  }

  private func checkGroup(_ group: String, _ partitions: [TopicPartition], _ consumer: Consumer) {
    do throws(KafkaError) {
      let committed = try consumer.committed(partitions, timeout: Self.patience)
      report(
        "group", .ok,
        committed.isEmpty
          ? "\(group) has committed nothing yet: run begins at the \(options.consumer["auto.offset.reset"] ?? "latest")"
          : "\(group) goes on where it is, in \(committed.count) of \(partitions.count) partitions")
    } catch {
      report("group", .failed, WorkerError.kafka(error).description)
    }
  }

  private func checkReading(_ partitions: [TopicPartition], _ consumer: Consumer) {
    do throws(KafkaError) {
      try consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, .beginning) }))
      let end = MonotonicClock.now &+ Self.patience.nanoseconds
      while MonotonicClock.now < end {
        switch consumer.poll(timeout: .milliseconds(100)) {
        case .record, .endOfPartition: return report("reading", .ok, "\(topic) can be read")
        case .error(let error) where !error.isRetriable:
          return report("reading", .failed, WorkerError.unreadable(error, topic: topic).description)
        case .error, .nothing: break
        }
      }
      report(
        "reading", .warning,
        "nothing came from \(topic) within \(Int(Self.patience.inSeconds)) s: look at its leaders")
    } catch {
      report("reading", .failed, WorkerError.unreadable(error, topic: topic).description)
    }
  }

  /// Kafka tells its clock to nobody, but records carry the times of producers or brokers.
  private func checkClocks(_ partitions: [TopicPartition], _ consumer: Consumer) {
    let future = UTCTime.now().milliseconds + 5_000
    do throws(KafkaError) {
      let found = try consumer.offsets(
        atTimes: Dictionary(uniqueKeysWithValues: partitions.map { ($0, future) }), timeout: Self.patience)
      if found.isEmpty { return report("clocks", .ok, "no record of \(topic) is from the future") }
      report(
        "clocks", .warning,
        "\(topic) has records more than 5 s in the future: clocks of its producers or brokers and of this machine differ, and ages and replays by time will be off"
      )
    } catch {
      // Told by the other steps, if it is anything.
    }
  }

  private func checkTransactions() {
    guard options.transactions != nil else { return }
    let template = values[WorkerSettings.transactionalID]
    guard template.isEmpty else {
      return report(
        "transactions", .note,
        "the right to the transactional id \(HostTemplate.text(template)) is not tried: that would shut out a worker that uses it now"
      )
    }
    do {
      guard let identity = try TransactionalID.take(values, group: options.consumer["group.id"] ?? "") else { return }
      var configuration = options.producer
      configuration["transactional.id"] = identity.text
      let producer = try Producer(configuration: configuration)
      defer { producer.close(flushTimeout: .zero) { _ in } }
      try withExtendedLifetime(identity) { try producer.initTransactions(timeout: Self.patience) }
      report("transactions", .ok, "the transactional id \(identity.text) is ours")
    } catch let error as TransactionError {
      report("transactions", .failed, WorkerError.kafka(error.cause).description)
    } catch let error as KafkaError {
      report("transactions", .failed, WorkerError.kafka(error).description)
    } catch {
      report("transactions", .failed, "\(error)")
    }
  }
}

/// Settings of `check`: matters of one invocation.
enum CheckSettings {
  static let output = Setting<ReportOutput>(
    "check.output", flag: "output", shortFlag: "o", default: .text, summary: "Lines for people, or one JSON document.",
    commandLineOnly: true)
}
