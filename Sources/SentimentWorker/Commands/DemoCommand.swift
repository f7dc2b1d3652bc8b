import Foundation
import Kafka
import Settings
import Telemetry

/// `demo`: the whole worker on an embedded broker with the bundled model and sample reviews, in front of the user's eyes.
struct DemoCommand {
  let values: SettingValues
  let terminal: Terminal

  func run() throws -> Int32 {
    let stop = StopRequest()
    let signals = StopSignals { _ in stop.make() }
    defer { signals.cancel() }
    let reviews = try SampleReview.all()
    let cluster = try MockCluster()
    defer { cluster.close() }
    for topic in [DemoStream.inputTopic, DemoStream.outputTopic, DemoStream.deadLetterTopic] {
      try cluster.createTopic(topic, partitions: 4)
    }
    let stream = DemoStream(bootstrapServers: cluster.bootstrapServers)
    let model = try ModelLoading.load(values)
    let lanes = ModelLoading.lanes(values)
    terminal.print(
      """
      An embedded Kafka broker is on \(cluster.bootstrapServers). The worker reads the topic \(DemoStream.inputTopic), labels each review with the
      model \(model.identity.name.onOneLine) on \(lanes) \(lanes == 1 ? "lane" : "lanes"), and writes to \(DemoStream.outputTopic); what cannot be labelled goes to \(DemoStream.deadLetterTopic).

      """)
    let fed = try stream.feed(reviews)

    let log = ProgramLog(values.with(WorkerSettings.logLevel, .warning), terminal)
    defer { log.close() }
    let worker = try Worker(
      options: options(cluster, lanes), model: model, log: log.logger,
      writeStats: { _ in })
    let outcome = Locked<Result<StatsLine, WorkerError>?>(nil)
    let thread = JoinableThread(name: "worker") {
      do throws(WorkerError) {
        let summary = try worker.run()
        outcome.withLock { $0 = .success(summary) }
      } catch {
        outcome.withLock { $0 = .failure(error) }
      }
    }
    stop.whenMade { worker.stop() }
    var view = DemoView(reviews: reviews, expected: fed, labels: model.labels, width: terminal.width)
    terminal.print(view.header)
    let end = try stream.read(
      patience: .seconds(60), while: { !stop.isMade && outcome.withLock { $0 == nil } },
      { record in
        terminal.print(view.row(for: record))
        return view.isComplete
      })
    worker.stop()
    thread.join()
    guard let result = outcome.withLock({ $0 }) else { throw WorkerError(.kafka, "the demo's worker ended without a summary") }
    let summary = try result.get()
    switch end {
    case .complete: break
    case .abandoned where stop.isMade:
      terminal.print("stopped")
      return ExitStatus.success
    case .abandoned: throw WorkerError(.kafka, "the demo's worker ended after \(view.seen) of \(fed) messages")
    case .silence: throw WorkerError(.kafka, "only \(view.seen) of \(fed) messages came out within 60 s of the last one")
    }
    terminal.print(view.summary(summary))
    return ExitStatus.success
  }

  private func options(_ cluster: MockCluster, _ lanes: Int) throws(WorkerError) -> WorkerOptions {
    try WorkerOptions(
      values.with(WorkerSettings.brokers, cluster.bootstrapServers.split(separator: ",").map(String.init))
        .with(WorkerSettings.group, "demo").with(WorkerSettings.inputTopic, DemoStream.inputTopic)
        .with(WorkerSettings.outputTopic, DemoStream.outputTopic).with(WorkerSettings.deadLetterTopic, DemoStream.deadLetterTopic)
        // The embedded broker keeps no transactions.
        .with(WorkerSettings.guarantee, .atLeastOnce)
        // Rows should come a few at a time, as on a live stream.
        .with(WorkerSettings.batchTokens, 1024),
      lanes: lanes)
  }
}
