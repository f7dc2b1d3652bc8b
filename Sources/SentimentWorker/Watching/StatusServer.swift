import Kafka
import Telemetry

/// `/metrics`, `/healthz`, `/readyz` and `/stats` of a worker, from before its model is loaded until it has ended.
final class StatusServer: Sendable {
  private struct State: Sendable {
    var readiness: Readiness
    /// Nil until the model is loaded.
    var worker: Worker?
    /// The latest stats line.
    var stats: [UInt8]?
  }

  private let state: Locked<State>
  private let started = UTCTime.now()

  /// - Parameter patience: how long brokers may be away before the worker is not ready.
  init(patience: Duration) { state = Locked(State(readiness: Readiness(patience: patience))) }

  /// Begins to listen.
  /// - Throws: `WorkerError` of kind `usage` that names the setting, if nobody can listen there.
  func listen(at address: HTTPAddress) throws(WorkerError) -> HTTPListener {
    do throws(HTTPListenerError) {
      return try HTTPListener(
        address,
        routes: [
          "/metrics": { self.metrics() }, "/healthz": { self.health() }, "/readyz": { self.readiness() },
          "/stats": { self.stats() },
        ])
    } catch {
      throw WorkerError(
        .usage, "http.listen: \(error); give another address, port 0 for any free port, or off for no server")
    }
  }

  func note(_ event: Readiness.Event) {
    let now = MonotonicClock.now
    state.withLock { $0.readiness.note(event, at: now) }
  }

  /// The model is loaded, and this is its worker.
  func attach(_ worker: Worker) {
    state.withLock { $0.worker = worker }
    note(.modelLoaded)
  }

  func keep(statsLine line: [UInt8]) { state.withLock { $0.stats = line } }

  // MARK: Answers

  private var stalled: [String] { state.withLock { $0.worker }?.health.stalled(at: MonotonicClock.now) ?? [] }

  private var verdict: Readiness.Verdict {
    let now = MonotonicClock.now
    return state.withLock { $0.readiness.verdict(at: now) }
  }

  private func health() -> HTTPResponse {
    let stalled = stalled
    var json = JSONWriter()
    json.object { json in
      json.member("healthy", stalled.isEmpty)
      json.key("stalled")
      json.array { json in for part in stalled { json.value(part) } }
    }
    return answer(json, isGood: stalled.isEmpty)
  }

  private func readiness() -> HTTPResponse {
    let verdict = verdict
    var json = JSONWriter()
    json.object { json in
      json.member("ready", verdict.isReady)
      json.member("spare", verdict.isSpare)
      json.key("reasons")
      json.array { json in for reason in verdict.reasons { json.value(reason) } }
    }
    return answer(json, isGood: verdict.isReady)
  }

  private func answer(_ json: JSONWriter, isGood: Bool) -> HTTPResponse {
    .json(json.bytes + [UInt8(ascii: "\n")], status: isGood ? 200 : 503)
  }

  private func stats() -> HTTPResponse {
    guard let line = state.withLock({ $0.stats }) else {
      return .json(Array("{\"error\":\"no stats line yet: they come every stats.interval\"}\n".utf8), status: 503)
    }
    return .json(line)
  }

  private func metrics() -> HTTPResponse {
    var text = PrometheusText()
    text.gauge(
      "sentiment_worker_build_info", help: "The program and what it stands on; always 1.",
      [.init(1, ["version": Versions.program, "librdkafka": LibraryVersion.string])])
    text.gauge(
      "process_start_time_seconds", help: "When the worker started, in seconds since 1970.",
      [.init(Double(started.milliseconds) / 1000)])
    if let resident = ProcessMemory.residentBytes {
      text.gauge("process_resident_memory_bytes", help: "Resident memory of the process.", [.init(resident)])
    }
    text.gauge(
      "sentiment_worker_ready", help: "1 while /readyz says yes.", [.init(verdict.isReady ? 1 : 0)])
    text.gauge("sentiment_worker_healthy", help: "1 while /healthz says yes.", [.init(stalled.isEmpty ? 1 : 0)])
    if let worker = state.withLock({ $0.worker }) { worker.metricsPage().write(&text) }
    return HTTPResponse(contentType: PrometheusText.contentType, body: text.bytes)
  }
}
