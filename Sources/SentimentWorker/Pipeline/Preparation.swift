import Kafka
import Telemetry

/// A record after the first stages of its path.
struct PreparedRecord {
  enum Step {
    case label(TokenisedText)
    /// It needs no lane.
    case settle(Outcome)
    /// The policies end the worker before it.
    case end(Unusable)
  }

  let record: ReviewRecord
  let bytes: Int
  let step: Step
  let at: Nanoseconds
}

/// The first stages of a record's path: decode, tokenise, and settle what cannot be labelled.
struct Preparation {
  let model: any LabellingModel
  let options: WorkerOptions
  let metrics: WorkerMetrics

  func prepare(_ message: ConsumerRecord) -> PreparedRecord {
    let consumedAt = MonotonicClock.now
    metrics.noteConsumed(timestamp: message.timestamp, at: .now())
    var record = options.replay?.record(message) ?? ReviewRecord(message: message, splice: nil)
    let step = step(for: &record)
    let preparedAt = MonotonicClock.now
    metrics.stages.tokenise.record(preparedAt - consumedAt)
    return PreparedRecord(record: record, bytes: message.approximateByteCount, step: step, at: preparedAt)
  }

  private func step(for record: inout ReviewRecord) -> PreparedRecord.Step {
    if let replay = options.replay, !replay.filter.wants(record) { return .settle(.leaveOut) }
    let message = record.message
    let source = record.source
    let (step, splice) = message.withValue { value in self.step(for: value, from: source) }
    record.splice = splice
    return step
  }

  private func step(for value: Span<UInt8>?, from source: MessageSource) -> (PreparedRecord.Step, SplicePoint?) {
    switch options.decoder.decode(value) {
    case .unusable(let unusable): return (step(for: unusable, from: source), nil)
    case .review(let review):
      // Only a tombstone has no value, and that is unusable.
      guard let value else { return (step(for: .tombstone, from: source), nil) }
      do throws(LabellingFailure) {
        let text = try review.text.withUTF8(in: value) { text throws(LabellingFailure) in try model.tokenise(text) }
        return (.label(text), review.splice)
      } catch {
        let letter = DeadLetter(reason: "tokeniser", detail: error.detail, stage: .tokenise, source: source, time: .now())
        return (.settle(.deadLetter(letter)), nil)
      }
    }
  }

  private func step(for unusable: Unusable, from source: MessageSource) -> PreparedRecord.Step {
    switch options.policies[unusable.reason] {
    case .deadLetter: .settle(.deadLetter(DeadLetter(unusable, source: source, time: .now())))
    case .passThrough: .settle(.passThrough(reason: unusable.reason))
    case .skip: .settle(.skip(reason: unusable.reason))
    case .fail: .end(unusable)
    }
  }
}
