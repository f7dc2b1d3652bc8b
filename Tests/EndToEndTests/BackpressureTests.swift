import Foundation
import Kafka
import Testing

/// Whatever is slow, memory stays within the bound that the worker names at its start, and nothing is lost.
struct BackpressureTests {
  enum Slow: String, CaseIterable { case model, broker }

  /// Small bounds, so that far more is to do than may be in flight.
  private static let bounds = [
    "SENTIMENT_BATCH_MAX_IN_FLIGHT_BYTES": "2MiB", "SENTIMENT_BATCH_MAX_IN_FLIGHT_RECORDS": "2000",
    "SENTIMENT_BATCH_MAX_RECORDS": "100",
  ]
  private static let prefetch = ["--kafka", "queued.max.messages.kbytes=2048", "--kafka", "fetch.message.max.bytes=262144"]

  private func reviews(_ count: Int, partition: Int32? = nil) -> [Message] {
    let text = String(repeating: "A fine film, and a long one. ", count: 34)
    return (0..<count).map { Message(key: "key-\($0)", value: #"{"id": \#($0), "text": "\#(text)"}"#, partition: partition) }
  }

  @Test("memory grows by less than the bound, and nothing is lost", arguments: Slow.allCases)
  func bounded(slow: Slow) throws {
    try Stage.play(partitions: 2) { stage in
      let cluster = try #require(stage.cluster)
      let sent = try stage.feed(reviews(8000))
      var environment = constantLabel.merging(Self.bounds) { $1 }
      switch slow {
      case .model: environment["SENTIMENT_TEST_BATCH_DELAY"] = "100ms"
      case .broker: for broker in cluster.brokerIDs { try cluster.setRoundTripTime(.milliseconds(100), broker: broker) }
      }
      let worker = try stage.launch(Self.prefetch + ["--lanes", "2"], environment: environment)
      let bound = try JSONLine(try worker.waitForLog("memory in flight is bounded")).int("bytes")
      try worker.waitForStats { try $0.int("records_since_start.resolved") == sent.count }
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))

      let lines = try run.output.map { try JSONLine($0) }
      let idle = try #require(lines.first { (try? $0.int("records_since_start.consumed")) == 0 }).int("memory_resident_bytes")
      let most = try lines.map { try $0.int("memory_resident_bytes") }.max() ?? 0
      print("slow \(slow.rawValue): resident memory grew by \((most - idle) >> 10) KiB of at most \(bound >> 10) KiB")
      #expect(most - idle <= bound)
      for line in lines {
        // Past a bound by one record at most.
        #expect(try line.int("in_flight.records") <= 2000 && line.int("in_flight.bytes") <= 2 << 20 + 2048)
      }
      if slow == .model { #expect(lines.contains { $0["paused"] as? Bool == true }) }
      try stage.everything().expectNothingLost(of: sent)
    }
  }

  @Test("while one partition is hot, the others go on")
  func hotPartition() throws {
    try Stage.play(partitions: 4) { stage in
      let sent = try stage.feed(reviews(4000, partition: 0))
      // Fetched ahead and in flight are a tenth of it.
      let small = [
        "SENTIMENT_BATCH_MAX_IN_FLIGHT_RECORDS": "200", "SENTIMENT_BATCH_MAX_RECORDS": "20", "SENTIMENT_TEST_BATCH_DELAY": "50ms",
      ]
      let worker = try stage.launch(
        ["--lanes", "1", "--kafka", "queued.max.messages.kbytes=256", "--kafka", "fetch.message.max.bytes=65536"],
        environment: constantLabel.merging(small) { $1 })
      try worker.waitForStats { try $0.int("in_flight.records") > 100 }
      let others = try stage.feed((1...3).flatMap { reviews(20, partition: Int32($0)) })
      let reader = try stage.reader()
      try reader.read(outcomesOf: others)
      let hot = reader.records.filter { (try? Outcomes.place(of: $0).partition) == 0 }.count
      #expect(hot < sent.count, "the others did not wait for the end of the hot one")
      try reader.read(outcomesOf: sent)
      worker.send(SIGTERM)
      #expect(try worker.finished().exit == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent + others)
      try outcomes.expectOrder()
    }
  }
}
