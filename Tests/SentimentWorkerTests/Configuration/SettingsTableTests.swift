import Foundation
import Settings
import Testing

@testable import SentimentWorker

@Suite struct SettingsTableTests {
  @Test func theDeclarationIsSound() {
    #expect(Program.specification.problems() == [])
  }

  /// `SENTIMENT_TEST_UPDATE_FILES=1 swift test --filter SettingsTableTests` writes the file anew after the table has changed.
  @Test func theReferenceFileIsInStepWithTheTable() throws {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("config/worker.yaml")
    let expected = WorkerSettings.table.referenceYAML(title: WorkerSettings.referenceTitle)
    if ProcessInfo.processInfo.environment["SENTIMENT_TEST_UPDATE_FILES"] == "1" {
      try expected.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == expected)
  }

  private static let needed = [
    "--brokers", "localhost:9092", "--group", "g", "--input-topic", "in", "--output-topic", "out",
  ]

  private func parse(_ arguments: [String], environment: [String: String] = [:], file: String = "") throws -> SettingValues {
    let invocation = try Program.specification.parse(arguments: arguments, environment: environment) { _ in Array(file.utf8) }
    guard case .run(_, let values, _) = invocation else {
      Issue.record("not a run: \(invocation)")
      return WorkerSettings.table.defaults
    }
    return values
  }

  @Test func theDeadLetterTopicFollowsTheInputTopic() throws {
    let values = try parse(["run"] + Self.needed)
    #expect(WorkerSettings.deadLetterTopic(values) == "in-dead-letter")
    let named = try parse(["run", "--dead-letter-topic", "dead"] + Self.needed)
    #expect(WorkerSettings.deadLetterTopic(named) == "dead")
  }

  @Test func thereAreAsManyLanesAsGiveEachThreadACore() throws {
    let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
    #expect(ModelLoading.lanes(try parse(["run"] + Self.needed)) == cores)
    #expect(ModelLoading.lanes(try parse(["run", "--threads-per-lane", "\(cores)"] + Self.needed)) == 1)
    #expect(ModelLoading.lanes(try parse(["run", "--threads-per-lane", "256"] + Self.needed)) == max(1, cores / 256))
    #expect(ModelLoading.lanes(try parse(["run", "--threads-per-lane", "4", "--lanes", "3"] + Self.needed)) == 3)
  }

  @Test(arguments: [
    ["--output-format", "enrich", "--format", "text"], ["--output-topic", "in"], ["--dead-letter-topic", "out"],
    ["--text-pointer", "text"], ["--lanes", "0"], ["--kafka", "no.such.property=1"], ["--precision", "f16"],
  ])
  func impossibleSettingsAreRefused(flags: [String]) {
    #expect(throws: SettingsError.self) { try parse(["run"] + Self.needed + flags) }
  }

  @Test func deliveryStandsOnPropertiesThatCannotBeChanged() throws {
    #expect(throws: SettingsError.self) { try parse(["run"] + Self.needed + ["--kafka", "enable.idempotence=false"]) }
    let values = try parse(["run"] + Self.needed + ["--kafka", "enable.auto.commit=false", "--kafka", "linger.ms=50"])
    let clients = ClientProperties(values)
    #expect(clients.producer["enable.idempotence"] == "true")
    #expect(clients.consumer["enable.auto.commit"] == "false")
    #expect(clients.producer["linger.ms"] == "50")
    #expect(clients.consumer["group.id"] == "g")
  }

  @Test func exactlyOnceSetsWhatItStandsOn() throws {
    let exactly = ["run", "--delivery", "exactly-once"] + Self.needed
    let clients = ClientProperties(try parse(exactly))
    #expect(clients.consumer["isolation.level"] == "read_committed")
    #expect(clients.producer["transaction.timeout.ms"] == "30000")
    #expect(clients.producer["message.timeout.ms"] == "30000")
    let longer = ClientProperties(try parse(exactly + ["--kafka", "transaction.timeout.ms=90000"]))
    #expect(longer.producer["transaction.timeout.ms"] == "90000")
    #expect(longer.producer["message.timeout.ms"] == "90000")
    #expect(ClientProperties(try parse(["run"] + Self.needed)).producer["transaction.timeout.ms"] == nil)
    for wrong in [
      ["--kafka", "isolation.level=read_uncommitted"], ["--kafka", "transactional.id=x"],
      ["--kafka", "transaction.timeout.ms=200"],
    ] {
      #expect(throws: SettingsError.self) { try parse(exactly + wrong) }
    }
  }

  @Test func unknownKeysNameTheirPlaceAndTheNearestOne() {
    let error = #expect(throws: SettingsError.self) {
      try parse(["run", "--config", "worker.yaml"] + Self.needed, file: "batch:\n  max-token: 5\n")
    }
    #expect(error?.description.contains("worker.yaml:2:3") == true)
    #expect(error?.description.contains("batch.max-tokens") == true)
  }
}
