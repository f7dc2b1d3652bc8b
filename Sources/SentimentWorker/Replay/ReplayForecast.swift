import Foundation
import Kafka
import Telemetry

/// What a replay would read, and how long that would take: some records of the range are labelled, and nothing is written.
struct ReplayForecast {
  let job: ReplayJob
  let standing: ReplayJob.Standing
  let options: WorkerOptions
  let model: any LabellingModel

  private static let sampleSize = 128
  private static let patience = Duration.seconds(10)

  func text() throws -> String {
    var lines = ["job \(job.name): topic \(job.topic) to \(options.outputTopic)"]
    for (partition, range) in standing.range.partitions.sorted(by: { $0.key < $1.key }) where !range.isEmpty {
      lines.append(
        "  partition \(partition.partition): offsets \(range.lowerBound) to \(range.upperBound), \(range.count) records at most")
    }
    let total = standing.range.count
    lines.append("  together \(total) records at most; offsets of transactions' ends and of compacted records count too")
    guard total > 0 else { return lines.joined(separator: "\n") }
    guard let speed = try speed() else {
      lines.append("  none of the first records can be labelled, so nothing was measured")
      return lines.joined(separator: "\n")
    }
    // Of those that the filter wants, on all lanes.
    let perSecond = options.replay?.rate.map { min($0, speed.perSecond) } ?? speed.perSecond
    let wanted = Double(total) * speed.wanted
    let time = ReplayProgress.clock(wanted / max(perSecond, 1e-9))
    if options.replay?.filter.isAll == false {
      lines.append("  the filter wants \(String(format: "%.1f", speed.wanted * 100)) % of the first \(speed.seen)")
    }
    lines.append(
      "  about \(time) with this process alone, at \(String(format: "%.1f", perSecond)) records/s, as measured on \(speed.labelled) of them here"
    )
    return lines.joined(separator: "\n")
  }

  private struct Speed {
    var perSecond: Double
    /// Share of the records that the filter wants.
    var wanted: Double
    var seen: Int
    var labelled: Int
  }

  private func speed() throws -> Speed? {
    let (texts, wanted, seen) = try sample()
    guard !texts.isEmpty else { return nil }
    let perSecond = try LabellingSpeed.measure(model, on: texts, lanes: options.lanes, batch: options.batch)
    return Speed(
      perSecond: perSecond, wanted: Double(wanted) / Double(max(seen, 1)), seen: seen,
      labelled: texts.count)
  }

  /// The first records of the range: the texts of those that can be labelled, how many the filter wants, of how many.
  private func sample() throws -> (texts: [TokenisedText], wanted: Int, seen: Int) {
    let consumer = try Consumer(configuration: options.consumer)
    defer { try? consumer.close(timeout: .seconds(5)) }
    let filled = standing.range.partitions.filter { !$0.value.isEmpty }
    try consumer.assign(filled.mapValues { .offset($0.lowerBound) })
    var texts: [TokenisedText] = []
    var wanted = 0
    var seen = 0
    let end = MonotonicClock.now &+ Self.patience.nanoseconds
    var ended: Set<TopicPartition> = []
    while texts.count < Self.sampleSize, MonotonicClock.now < end, ended.count < filled.count {
      switch consumer.poll(timeout: .milliseconds(100)) {
      case .record(let message):
        guard let range = filled[message.topicPartition], range.contains(message.offset) else {
          ended.insert(message.topicPartition)
          continue
        }
        seen += 1
        guard options.replay?.filter.wants(message) != false else { continue }
        wanted += 1
        if let text = tokenise(message) { texts.append(text) }
      case .endOfPartition(let partition, _): ended.insert(partition)
      case .error(let error): throw WorkerError.unreadable(error, topic: job.topic)
      case .nothing: break
      }
    }
    return (texts, wanted, seen)
  }

  private func tokenise(_ message: ConsumerRecord) -> TokenisedText? {
    message.withValue { value in
      guard let value, case .review(let review) = options.decoder.decode(value) else { return nil }
      return review.text.withUTF8(in: value) { text in try? model.tokenise(text) }
    }
  }
}
