import Foundation
import Kafka
import Testing

/// How a worker ends.
struct StopTests {
  static let signals: [Int32] = [SIGTERM, SIGINT]

  @Test("a signal under load ends it in good order, and the next worker goes on", arguments: Broker.available, signals)
  func cleanStop(broker: Broker, number: Int32) throws {
    try Stage.play(on: broker) { stage in
      let sent = try stage.feed(Message.reviews(1500))
      // The real model, so that lanes are at work when the signal comes.
      let first = try stage.launch(environment: ["SENTIMENT_BATCH_MAX_TOKENS": "256"])
      let reader = try stage.reader()
      try reader.read(count: 100)
      first.send(number)
      let run = try first.finished()
      #expect(run.exit == .status(0))
      #expect(run.errors.contains { $0.contains("stopping") && $0.contains(number == SIGTERM ? "SIGTERM" : "SIGINT") })
      let done = try stage.everything()
      let summary = try JSONLine(try #require(run.output.last))
      #expect(try summary.int("records.resolved") == done.results.count, "what it says it did is there")
      #expect(done.results.count < sent.count, "it was stopped with work left")
      let ends = Dictionary(try done.resultPlaces().map { ($0.partition, $0.offset + 1) }, uniquingKeysWith: max)
      #expect(try stage.committed() == ends, "everything that was acknowledged is committed, and no more")

      let second = try stage.launch()
      try reader.read(count: sent.count)
      second.send(number)
      #expect(try second.waitForExit() == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()
    }
  }

  @Test("a signal while the brokers are not yet reached ends it in good order", arguments: signals)
  func stopDuringStart(number: Int32) throws {
    let worker = try WorkerProcess(
      ["run", "--brokers", "127.0.0.1:1", "--group", "g", "--input-topic", "in", "--output-topic", "out"],
      environment: constantLabel.merging(["SENTIMENT_DELIVERY_START_TIMEOUT": "1h"]) { $1 })
    defer { worker.kill() }
    try worker.waitForLog("model loaded")
    worker.send(number)
    let run = try worker.finished()
    #expect(run.exit == .status(0))
    let summary = try JSONLine(try #require(run.output.last))
    #expect(try summary.string("type") == "summary")
    #expect(try summary.int("records.consumed") == 0)
  }

  /// Brings a worker to where it has records in flight that a broker, suddenly gone, does not take.
  private func strand(_ stage: Stage, environment: [String: String] = [:]) throws -> WorkerProcess {
    let cluster = try #require(stage.cluster)
    // Results wait for three seconds before they are sent; the broker is gone by then.
    let worker = try stage.launch(["--kafka", "linger.ms=3000"], environment: constantLabel.merging(environment) { $1 })
    try worker.waitForLog("partitions assigned")
    try stage.feed(Message.reviews(100))
    try worker.waitForStats { try $0.int("in_flight.records") == 100 }
    try cluster.setDown(broker: 1)
    return worker
  }

  @Test("a second signal ends it at once, unless it comes with the first")
  func secondSignal() throws {
    try Stage.play { stage in
      let worker = try strand(stage)
      worker.send(SIGTERM)
      try worker.waitForLog("stopping")
      worker.send(SIGTERM)
      let before = try JSONLine(try #require(worker.output.lines.last)).double("uptime_seconds")
      try worker.waitForStats { try $0.double("uptime_seconds") > before + 1 }
      #expect(worker.exit == nil, "two signals at once are one")
      let start = ContinuousClock.now
      worker.send(SIGTERM)
      #expect(try worker.waitForExit() == .status(128 + SIGTERM))
      #expect(ContinuousClock.now - start < .seconds(5), "it does not wait for the drain deadline of 25 s")
    }
  }

  @Test("what cannot be finished within the deadline is left, with a status and a message of its own")
  func deadline() throws {
    try Stage.play { stage in
      let worker = try strand(stage, environment: ["SENTIMENT_DELIVERY_DRAIN_DEADLINE": "1s"])
      worker.send(SIGTERM)
      let start = ContinuousClock.now
      let run = try worker.finished()
      #expect(run.exit == .status(6))
      #expect(ContinuousClock.now - start < .seconds(10), "the deadline is one second")
      let message = try run.onlyMessage()
      #expect(message.contains("100 records") && message.contains("delivery.drain-deadline"), "\(message)")
    }
  }
}
