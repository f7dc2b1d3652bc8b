import Foundation
import Kafka
import Testing

/// Work that stands still, and gets on again.
struct StallTests {
  private func environment(_ settings: [String: String]) -> [String: String] { constantLabel.merging(settings) { $1 } }

  @Test("brokers that are down are a stall of deliveries, and nothing is lost")
  func deliveries() throws {
    try Stage.play { stage in
      let cluster = try #require(stage.cluster)
      let sent = try stage.feed(Message.reviews(100))
      // Long enough for the brokers to go before anything is produced; and the place in the group outlasts the stall.
      let worker = try stage.launch(
        ["--kafka", "session.timeout.ms=60000"],
        environment: environment(["SENTIMENT_WATCHDOG_STALL_TIMEOUT": "3s", "SENTIMENT_TEST_BATCH_DELAY": "2s"]))
      #expect(try worker.waitForStats { try $0.int("records_since_start.consumed") == 100 }["health.good"] as? Bool == true)
      for broker in cluster.brokerIDs { try cluster.setDown(broker: broker) }
      let line = try worker.waitForLog("no progress", "deliveries")
      #expect(line.contains("since") && line.contains("Look at the brokers"), "\(line)")
      try worker.waitForStats { line in
        line["health.good"] as? Bool == false && line["health.stalled"] as? [String] == ["deliveries"]
      }
      for broker in cluster.brokerIDs { try cluster.setUp(broker: broker) }
      try worker.waitForLog("progress again", "deliveries")
      try worker.waitForStats { line in
        try line["health.good"] as? Bool == true && line.int("records_since_start.resolved") == 100
      }
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      try stage.everything().expectNothingLost(of: sent)
    }
  }

  @Test(
    "a broker that answers nothing is a stall of transactions too, and every result is there once",
    .enabled(if: OwnKafka.isThere, "no real Kafka to start"))
  func transactions() throws {
    let kafka = try OwnKafka()
    try Stage.play(on: kafka) { stage in
      // Slow enough for records to be in flight when the broker falls silent.
      let worker = try stage.launch(
        ["--delivery", "exactly-once", "--kafka", "session.timeout.ms=60000"],
        environment: environment([
          "SENTIMENT_WATCHDOG_STALL_TIMEOUT": "3s", "SENTIMENT_TEST_BATCH_DELAY": "2s", "SENTIMENT_DELIVERY_START_TIMEOUT": "60s",
        ]))
      // A new broker takes its time to become the coordinator of anything.
      var sent = try stage.feed(Message.reviews(1))
      try worker.waitForStats { try $0.int("records_since_start.resolved") == 1 }
      sent += try stage.feed(Message.reviews(100, from: 1))
      try worker.waitForStats { try $0.int("records_since_start.consumed") == 101 }
      try kafka.pause()
      try worker.waitForLog("no progress", "deliveries")
      try worker.waitForStats { $0["health.stalled"] as? [String] == ["deliveries"] }
      try kafka.resume()
      try worker.waitForLog("progress again", "deliveries")
      try worker.waitForStats { line in
        try line["health.good"] as? Bool == true && line.int("records_since_start.resolved") == 101
      }
      worker.send(SIGTERM)
      #expect(try worker.finished().exit == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      #expect(outcomes.results.count == sent.count)
    }
  }

  @Test("a run of the model that does not end is a stall of its lane")
  func lane() throws {
    try Stage.play { stage in
      let worker = try stage.launch(
        ["--lanes", "1"],
        environment: environment(["SENTIMENT_WATCHDOG_STALL_TIMEOUT": "1s", "SENTIMENT_TEST_BATCH_DELAY": "4s"]))
      try worker.waitForLog("partitions assigned")
      try stage.feed(Message.reviews(5))
      try worker.waitForLog("no progress", "lane-0", "batch.max-tokens")
      try worker.waitForStats { $0["health.stalled"] as? [String] == ["lane-0"] }
      try worker.waitForLog("progress again", "lane-0")
      worker.send(SIGTERM)
      #expect(try worker.finished().exit == .status(0))
    }
  }
}
