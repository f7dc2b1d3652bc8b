import Foundation

/// Labels a sequence of texts on all lanes and gives the answers in the order of the texts: the worker's pipeline, with a
/// file in place of a topic and the terminal in place of the producer.
final class TextPipeline: Sendable {
  /// A text's place in its source and its bytes, kept for display.
  struct Text: Sendable {
    /// Which text, from 1.
    var number: Int
    /// The line on which it begins, from 1.
    var line: Int
    var bytes: [UInt8]
  }

  enum Answer: Sendable {
    case labelled(Labelling, TokenisedText)
    /// A line that cannot be read, or a text that cannot be labelled.
    case failed(reason: String, detail: String)
  }

  private typealias State = PipelineState<Int, Text, Answer>

  private let model: any LabellingModel
  private let state: Monitor<State>
  private let lanes: Int
  private let retries: RetryLimits
  private let metrics: LaneMetrics
  /// Held while answers are written, so that they come out one after the other. Taken before the state's lock, never after.
  private let writing = NSLock()
  private let write: @Sendable (Text, Answer) -> Bool

  /// - Parameter write: takes the answers in order, on any thread, one at a time; false ends the run early.
  init(
    model: any LabellingModel, lanes: Int, batch: BatchLimits, inFlight: FlowControl.Limits, retries: RetryLimits = .standard,
    write: @escaping @Sendable (Text, Answer) -> Bool
  ) {
    self.model = model
    self.lanes = lanes
    metrics = LaneMetrics(lanes: lanes)
    self.retries = retries
    self.write = write
    var core = State.Core(batch: batch, flow: inFlight)
    core.assign([0])
    state = Monitor(State(core: core))
  }

  /// Labels every text that `next` gives, until it gives nil; returns when all answers are written.
  /// - Throws: what `next` throws, after the answers to what came before it; `WorkerError` if no lane can be made.
  func run(_ next: () throws -> TextItem?) throws {
    let threads = LaneLoop<Int, Text, Answer>.start(
      lanes, of: model, state: state, metrics: metrics, retries: retries,
      outcome: { _, tokenised, answer in
        switch answer {
        case .success(let labelling): .labelled(labelling, tokenised)
        case .failure(let failure): .failed(reason: "model-error", detail: failure.detail)
        }
      }, settled: { [self] in writeReady() })
    let readError = readAll(next)
    state.update { $0.finishAll() }
    let _: Bool? = state.wait(until: .max) { state, _ in state.core.isDrained || state.hasEnded ? true : nil }
    let failure = state.update { state in
      state.stop()
      return state.failure
    }
    for thread in threads { thread.join() }
    if let error = readError ?? failure { throw error }
  }

  /// Admits what `next` gives, as fast as bounds allow; returns what it throws.
  private func readAll(_ next: () throws -> TextItem?) -> (any Error)? {
    do {
      var offset: Int64 = 0
      while state.withLock({ $0.isRunning }), let item = try next() {
        admit(item, offset: offset)
        offset += 1
        waitWhilePaused()
      }
      return nil
    } catch {
      return error
    }
  }

  private func admit(_ item: TextItem, offset: Int64) {
    let text: Text
    let failure: Answer
    switch item.text {
    case .failure(let error):
      text = Text(number: item.number, line: item.line, bytes: [])
      failure = .failed(reason: error.reason.name, detail: error.detail)
    case .success(let bytes):
      text = Text(number: item.number, line: item.line, bytes: bytes)
      do throws(LabellingFailure) {
        let tokenised = try model.tokenise(bytes.span)
        _ = state.update {
          $0.core.admit(
            text, of: 0, offset: offset, bytes: bytes.count, input: tokenised, tokens: tokenised.ids.count, at: MonotonicClock.now
          )
        }
        return
      } catch {
        failure = .failed(reason: "tokeniser", detail: error.detail)
      }
    }
    _ = state.update {
      $0.core.admit(text, of: 0, offset: offset, bytes: text.bytes.count, settled: failure, at: MonotonicClock.now)
    }
    writeReady()
  }

  private func waitWhilePaused() {
    guard state.withLock({ $0.core.nextFlowAction() }) == .pause else { return }
    let _: Bool? = state.wait(until: .max) { state, _ in
      state.core.nextFlowAction() == .resume || state.hasEnded ? true : nil
    }
  }

  private func writeReady() {
    writing.withLock {
      while let release = state.withLock({ $0.isStopped ? nil : $0.core.nextRelease() }) {
        state.withLock { $0.core.markReleased(release.id, at: MonotonicClock.now) }
        let isRead = write(release.record, release.outcome)
        state.update { state in
          _ = state.core.acknowledge(release.id)
          if !isRead { state.stop() }
        }
      }
    }
  }
}
