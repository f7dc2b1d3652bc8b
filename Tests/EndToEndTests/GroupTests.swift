import Foundation
import Kafka
import Testing

/// Several workers in one group: the end of one, the coming of another.
struct GroupTests {
  /// Few records in flight and slow to go out, so that thousands take seconds on any machine.
  private static let slow = constantLabel.merging(["SENTIMENT_BATCH_MAX_IN_FLIGHT_RECORDS": "100"]) { $1 }
  private static let slowly = ["--kafka", "linger.ms=40"]

  @Test("kill -9 of one of two workers loses nothing, poison included", arguments: Broker.available)
  func kill(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let messages = Message.reviews(3000).enumerated().map { number, message in
        // 300 of them cannot be labelled.
        number % 10 == 3 ? Message(key: "key-\(number)", value: "poison \(number)") : message
      }
      let workers = try [stage.launch(Self.slowly, environment: Self.slow), stage.launch(Self.slowly, environment: Self.slow)]
      for worker in workers { try worker.waitForLog("partitions assigned", "\(stage.input) ") }
      // Both have their share once the group has settled.
      for worker in workers { try worker.waitForHalfOfTheGroup() }
      let sent = try stage.feed(messages)
      let reader = try stage.reader()
      try reader.read(count: messages.count / 3)
      workers[0].kill()
      #expect(try workers[0].waitForExit() == .signal(SIGKILL))
      #expect(reader.records.count < messages.count, "it was killed with work left")

      try reader.read(outcomesOf: sent)
      workers[1].send(SIGTERM)
      #expect(try workers[1].waitForExit() == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectOrder()
      let poison = Set(sent.filter { $0.message.value?.first == UInt8(ascii: "p") }.map(\.place))
      #expect(poison.count == 300)
      #expect(Set(try outcomes.deadLetterPlaces()) == poison)
      #expect(Set(try outcomes.deadLetters.map { try DeadLetterHeaders($0).reason }) == ["not-json"])
    }
  }

  @Test("a worker that joins under load, and one that leaves, lose and repeat nothing", arguments: Broker.available)
  func scaling(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let first = try stage.launch(Self.slowly, environment: Self.slow)
      try first.waitForLog("partitions assigned")
      var sent = try stage.feed(Message.reviews(6000))
      let reader = try stage.reader()
      try reader.read(count: 200)
      let second = try stage.launch(Self.slowly, environment: Self.slow)
      try first.waitForLog("partitions revoked")
      #expect(reader.records.count < sent.count, "the rebalance came under load")
      try second.waitForHalfOfTheGroup()
      sent += try stage.feed(Message.reviews(2000, from: 6000))
      // The second one works on its share before the first leaves.
      try second.waitForStats { try $0.int("records_since_start.labelled") > 100 }
      first.send(SIGTERM)
      #expect(try first.waitForExit() == .status(0))
      try reader.read(outcomesOf: sent)
      second.send(SIGTERM)
      #expect(try second.waitForExit() == .status(0))

      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectOrder()
      // The embedded broker takes no commits during a rebalance, so that there the last second's records come twice.
      if broker == .real { try outcomes.expectNoDuplicates() }
    }
  }
}

extension WorkerProcess {
  /// Waits until this worker has two of the four partitions.
  func waitForHalfOfTheGroup() throws {
    try errors.wait(for: "two of four partitions") { line in
      guard line.contains("partitions assigned"), let list = line.split(separator: "[").last?.prefix(while: { $0 != "]" }) else {
        return false
      }
      return list.split(separator: ",").count == 2
    }
  }

  func latestStats() throws -> JSONLine { try JSONLine(try #require(output.lines.last)) }

  /// Waits for a stats line like this.
  @discardableResult
  func waitForStats(within limit: Duration = patience, where isWanted: (JSONLine) throws -> Bool) throws -> JSONLine {
    try JSONLine(
      output.wait(for: "a stats line", within: limit) { line in
        guard let line = try? JSONLine(line) else { return false }
        return (try? isWanted(line)) ?? false
      })
  }
}
