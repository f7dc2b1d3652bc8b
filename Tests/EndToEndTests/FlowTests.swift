import Foundation
import Kafka
import Testing

/// Bounds on what is in flight, and the stats line that shows them.
struct FlowTests {
  /// The bound on records in flight that these tests set, and the most there may be: one record may pass it.
  private static let bound = ["SENTIMENT_BATCH_MAX_IN_FLIGHT_RECORDS": "50"]
  private static let most = 51

  @Test("at its bounds consumption pauses, and nothing is lost", arguments: Broker.available)
  func bounds(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let sent = try stage.feed(Message.reviews(3000))
      let worker = try stage.launch(environment: constantLabel.merging(Self.bound) { $1 })
      try stage.reader().read(count: sent.count)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()
      for line in run.output { #expect(try JSONLine(line).int("in_flight.records") <= Self.most) }
      #expect(try JSONLine(try #require(run.output.last)).int("pauses") > 0)
    }
  }

  @Test("bounds of tokens and bytes hold as well", arguments: ["TOKENS=64", "BYTES=4KiB"])
  func tokensAndBytes(bound: String) throws {
    try Stage.play { stage in
      let sent = try stage.feed(Message.reviews(200))
      let parts = bound.split(separator: "=")
      let worker = try stage.launch(environment: [
        "SENTIMENT_BATCH_MAX_IN_FLIGHT_\(parts[0])": String(parts[1]), "SENTIMENT_BATCH_MAX_TOKENS": "64",
      ])
      try stage.reader().read(count: sent.count)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      #expect(try JSONLine(try #require(run.output.last)).int("pauses") > 0)
    }
  }

  @Test("while the broker takes no results consumption is paused; afterwards everything goes on")
  func outage() throws {
    try Stage.play { stage in
      let cluster = try #require(stage.cluster)
      // Results wait for a second before they are sent: time to break the broker in.
      let worker = try stage.launch(
        ["--kafka", "linger.ms=1000"],
        environment: constantLabel.merging(Self.bound) { $1 })
      try worker.waitForLog("partitions assigned")
      let sent = try stage.feed(Message.reviews(400))
      try worker.waitForStats { $0["paused"] as? Bool == true }
      // NOT_ENOUGH_REPLICAS, which producers retry.
      try cluster.pushErrors(Array(repeating: 19, count: 100_000), for: .produce)
      let broken = try worker.latestStats()
      let later = try worker.waitForStats { try $0.double("uptime_seconds") > broken.double("uptime_seconds") + 3 }
      #expect(later["paused"] as? Bool == true)
      #expect(try later.int("in_flight.records") <= Self.most)
      #expect(try later.int("records_since_start.resolved") < sent.count)
      try cluster.clearErrors(for: .produce)

      try stage.reader().read(count: sent.count)
      worker.send(SIGTERM)
      #expect(try worker.waitForExit() == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()
    }
  }
}
