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

  private var left: ReplayRange { standing.left }

  func text() throws -> String {
    var lines = ["job \(job.name): \(job.topics.joined(separator: ", ")) to \(options.outputTopic)"]
    for (partition, range) in left.partitions.sorted(by: { $0.key < $1.key }) where !range.isEmpty {
      lines.append(
        "  \(partition): offsets \(range.lowerBound) to \(range.upperBound), \(range.count) records at most")
    }
    let total = left.count
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
    var texts: [TokenisedText] = []
    var wanted = 0
    var seen = 0
    try TopicScan(client: options.consumer, range: left).run { message in
      seen += 1
      let record = options.replay?.record(message) ?? ReviewRecord(message: message, splice: nil)
      if options.replay?.filter.wants(record) != false {
        wanted += 1
        if let text = tokenise(message) { texts.append(text) }
      }
      return texts.count < Self.sampleSize
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
