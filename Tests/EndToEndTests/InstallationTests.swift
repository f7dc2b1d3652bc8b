import Foundation
import Testing

/// The program away from where it was built.
struct InstallationTests {
  private let files = FileManager.default

  private func copyProgram(to directory: URL) throws -> URL {
    try files.createDirectory(at: directory, withIntermediateDirectories: true)
    let copy = directory.appendingPathComponent("sentiment-worker")
    try files.copyItem(at: Program.url.resolvingSymlinksInPath(), to: copy)
    return copy
  }

  /// Labels a text with the bundled model, from a working directory that has nothing to do with either.
  private func classify(_ executable: URL, from directory: URL) throws -> Program.Finished {
    let process = try WorkerProcess(
      ["classify", "A wonderful film.", "--output", "jsonl"], executable: executable, directory: directory)
    defer { process.kill() }
    return try process.finished()
  }

  private func expectLabel(_ executable: URL, from directory: URL, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let run = try classify(executable, from: directory)
    #expect(run.exit == .status(0), "\(run.everything)", sourceLocation: sourceLocation)
    #expect(try JSONLine(try #require(run.output.first)).string("label") == "Positive", sourceLocation: sourceLocation)
  }

  @Test("beside its resources, also through symbolic links")
  func besideResources() throws {
    try withTemporaryDirectory { root in
      let elsewhere = root.appendingPathComponent("else where")
      try files.createDirectory(at: elsewhere, withIntermediateDirectories: true)
      let copy = try copyProgram(to: root.appendingPathComponent("opt/worker"))
      let resources = copy.deletingLastPathComponent().appendingPathComponent(Program.resources.lastPathComponent)
      try files.copyItem(at: Program.resources, to: resources)
      try expectLabel(copy, from: elsewhere)
      let link = elsewhere.appendingPathComponent("labels")
      try files.createSymbolicLink(at: link, withDestinationURL: copy)
      try expectLabel(link, from: root)
      let second = root.appendingPathComponent("again")
      try files.createSymbolicLink(at: second, withDestinationURL: link)
      try expectLabel(second, from: elsewhere)
    }
  }

  @Test("as a package installs it: bin and share")
  func binAndShare() throws {
    try withTemporaryDirectory { root in
      let copy = try copyProgram(to: root.appendingPathComponent("usr/bin"))
      let share = root.appendingPathComponent("usr/share")
      try files.createDirectory(at: share, withIntermediateDirectories: true)
      try files.copyItem(at: Program.resources, to: share.appendingPathComponent("sentiment-worker"))
      try expectLabel(copy, from: root)
    }
  }

  @Test("without its model it says where it looked and what to do")
  func withoutModel() throws {
    try withTemporaryDirectory { root in
      let copy = try copyProgram(to: root)
      let run = try classify(copy, from: root)
      guard case .status(let status) = run.exit else {
        Issue.record("it ended by \(run.exit)")
        return
      }
      #expect(status != 0)
      let message = try run.onlyMessage()
      #expect(message.contains("sentiment-worker_SentimentWorker.resources") && message.contains("share/sentiment-worker"))
      #expect(message.contains("--model"))
    }
  }
}
