import Foundation
import Kafka
import Testing

/// Members with names of their own (`group.instance.id`), which the group keeps a place for while they are away.
@Suite(.enabled(if: RealKafka.servers != nil, "SENTIMENT_TEST_KAFKA names no real Kafka"))
struct StaticMembershipTests {
  private func member(_ name: String) -> [String] {
    // Later than the stage's own, and so in force.
    ["--kafka", "group.instance.id=\(name)-${HOSTNAME}", "--kafka", "session.timeout.ms=30000"]
  }

  @Test("one that is back in time has its partitions again, and nobody else stops", arguments: [SIGTERM, SIGKILL])
  func back(signal: Int32) throws {
    try Stage.play(on: .real) { stage in
      let stays = try stage.launch(member("a"))
      try stays.waitForLog("partitions assigned")
      let goes = try stage.launch(member("b"))
      try goes.waitForHalfOfTheGroup()
      try stays.waitForHalfOfTheGroup()
      var sent = try stage.feed(Message.reviews(500))
      let reader = try stage.reader()
      try reader.read(outcomesOf: sent)
      let before = stays.errors.lines.count { $0.contains("partitions assigned") }

      goes.send(signal)
      #expect(try goes.waitForExit() == (signal == SIGTERM ? .status(0) : .signal(signal)))
      sent += try stage.feed(Message.reviews(500, from: 500))
      let back = try stage.launch(member("b"))
      try back.waitForHalfOfTheGroup()
      try reader.read(outcomesOf: sent)
      #expect(stays.errors.lines.count { $0.contains("partitions assigned") } == before)
      #expect(!stays.errors.lines.contains { $0.contains("partitions revoked") && !$0.contains(#"[0, 1, 2, 3]"#) })
      try stage.everything().expectNothingLost(of: sent)
    }
  }

  @Test("a second worker of the same name takes the first one's place, and the first ends and says so")
  func twice() throws {
    try Stage.play(on: .real) { stage in
      let first = try stage.launch(member("a"))
      try first.waitForLog("partitions assigned")
      let sent = try stage.feed(Message.reviews(200))
      let reader = try stage.reader()
      try reader.read(outcomesOf: sent)
      let second = try stage.launch(member("a"))
      try second.waitForLog("partitions assigned")
      let end = try first.finished()
      #expect(end.exit == .status(8))
      let words = try #require(end.errors.last { $0.contains(#""error""#) || $0.hasPrefix("sentiment-worker") })
      #expect(words.contains("group.instance.id"), "\(words)")
      let more = try stage.feed(Message.reviews(200, from: 200))
      try reader.read(outcomesOf: sent + more)
    }
  }
}
