import Foundation
import Testing

@testable import SentimentWorker

@Suite struct TransactionalIDTests {
  private func inTemporaryDirectory(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("transactional-id-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory)
  }

  private func take(_ directory: URL, template: String? = nil, group: String = "g", host: String = "h") throws -> TransactionalID
  {
    try TransactionalID.take(template: template, group: group, directory: directory, host: host)
  }

  @Test func aSlotsIdSurvivesItsHolder() throws {
    try inTemporaryDirectory { directory in
      var first: TransactionalID? = try take(directory)
      let second = try take(directory)
      let text = try #require(first?.text)
      #expect(text.hasPrefix("sentiment-worker-g-h-"))
      #expect(text != second.text)
      #expect(first?.remark == nil && second.remark == nil)
      first = nil
      let third = try take(directory)
      #expect(third.text == text)
      withExtendedLifetime(second) {}
    }
  }

  @Test func groupsThatLookAlikeShareNoId() throws {
    try inTemporaryDirectory { directory in
      let ids = try ["a/b", "a:b", "a_b"].map { try take(directory, group: $0) }
      #expect(Set(ids.map(\.text)).count == 3)
    }
  }

  @Test func directoriesThatLookAlikeShareNoId() throws {
    try inTemporaryDirectory { directory in
      let ids = try ["one", "two"].map { try take(directory.appendingPathComponent($0)) }
      #expect(ids[0].text != ids[1].text)
    }
  }

  @Test func aTemplateIsTakenAsItIsAndOnceOnly() throws {
    try inTemporaryDirectory { directory in
      let id = try take(directory, template: "worker-${HOSTNAME}-x")
      #expect(id.text == "worker-h-x")
      let error = #expect(throws: WorkerError.self) { try take(directory, template: "worker-${HOSTNAME}-x") }
      #expect(error?.kind == .usage && error?.description.contains("worker-h-x") == true)
      withExtendedLifetime(id) {}
    }
  }

  @Test func aDirectoryThatCannotBeMadeGivesARandomIdAndARemark() throws {
    try inTemporaryDirectory { directory in
      try Data().write(to: directory)
      let ids = try [take(directory), take(directory)]
      #expect(ids[0].text != ids[1].text)
      #expect(ids.allSatisfy { $0.remark?.contains("delivery.state-directory") == true })
      #expect(try take(directory, template: "t").text == "t")
    }
  }
}
