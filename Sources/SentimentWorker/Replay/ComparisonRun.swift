import Foundation
import Kafka
import Telemetry

/// Reads the labels of both sides, and the texts of what changed.
struct ComparisonRun {
  let job: ReplayJob
  let options: WorkerOptions
  /// Where the labels from before are.
  let topic: String
  /// Changed labels to name.
  let examples: Int
  /// Whether they are shown with the beginnings of their texts.
  let showsText: Bool

  private static let excerptCharacters = 200

  /// - Throws: `WorkerError` of kind `topicMissing` or `refused`; to be asked before anything is replayed.
  func checkTopic() throws(WorkerError) {
    let metadata: ClusterMetadata
    do throws(KafkaError) {
      metadata = try AdminClient(configuration: job.client).metadata(topics: [topic], timeout: job.timeout)
    } catch {
      throw .kafka(error)
    }
    guard let found = metadata.topic(topic) else { throw .missing(topic: topic, on: options) }
    if let error = found.error { throw error.isUnknownTopicOrPartition ? .missing(topic: topic, on: options) : .kafka(error) }
  }

  /// More would take more memory than a machine can be expected to have left: six bytes each.
  private static let mostOffsets: Int64 = 300_000_000

  /// - Throws: `WorkerError` of kind `usage` for a range that is too large to compare.
  func check(_ range: ReplayRange) throws(WorkerError) {
    guard range.count > Self.mostOffsets else { return }
    throw WorkerError(
      .usage,
      "--compare-with: the range has \(range.count) offsets, and \(Self.mostOffsets) at most can be compared; divide it by --from and --to into jobs of their own"
    )
  }

  /// - Parameter range: of the records whose labels are compared.
  func report(on range: ReplayRange, filter: ReplayFilter) throws(WorkerError) -> ComparisonReport {
    try check(range)
    var comparison = ReplayComparison(range: range)
    try read(topic) { comparison.note($0, .before) }
    try read(options.outputTopic) { comparison.note($0, .now) }
    let findings = comparison.findings(examples: examples)
    return ComparisonReport(
      findings: findings, before: topic, now: options.outputTopic, isFiltered: !filter.isAll,
      texts: showsText ? try texts(of: findings.examples) : [])
  }

  /// Everything that the topic holds now, of transactions what is committed.
  private func read(_ topic: String, note: (LabelledResult) -> Void) throws(WorkerError) {
    let range: ReplayRange
    do throws(KafkaError) {
      var topicAsJob = job
      topicAsJob.topics = [topic]
      range = try topicAsJob.range(from: .beginning, to: .end)
    } catch {
      throw .unreadable(error, topic: topic)
    }
    try TopicScan(client: job.client, range: range).run { message in
      if let value = message.value, let result = LabelledResult(json: value) { note(result) }
      return true
    }
  }

  /// The beginning of each text, nil where the record is gone.
  private func texts(of changes: [ReplayComparison.Change]) throws(WorkerError) -> [String?] {
    var texts: [String?] = []
    for change in changes {
      var text: String?
      try TopicScan(client: job.client, range: ReplayRange([change.place: change.offset..<change.offset + 1])).run { message in
        text = excerpt(of: message)
        return false
      }
      texts.append(text)
    }
    return texts
  }

  private func excerpt(of message: ConsumerRecord) -> String? {
    message.withValue { value in
      guard let value, case .review(let review) = options.decoder.decode(value) else { return nil }
      return review.text.withUTF8(in: value) { text in
        // A character has four bytes at most; half of one at the end is repaired and then cut off.
        let bytes = text.extracting(first: Self.excerptCharacters * 4)
        let string = String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
        return String(string.prefix(Self.excerptCharacters)).onOneLine
      }
    }
  }
}
