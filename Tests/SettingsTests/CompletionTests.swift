import Foundation
import Settings
import Testing

@Suite struct CompletionTests {
  /// What bash offers for a command line whose last word is being typed.
  private func complete(_ words: [String], in directory: String = "/") throws -> [String] {
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let script =
      Fixture.program.completionScript(for: .bash)
        + """
        compopt() { :; }
        cd \(directory)
        COMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count - 1)
        _sentiment_worker
        printf '%s\\n' "${COMPREPLY[@]}"
        """
    let result = try shell("bash", ["--norc", "-c", script])
    #expect(result.status == 0)
    return result.output.split(separator: "\n").map(String.init)
  }

  private func shell(_ name: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  static func isInstalled(_ shell: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(shell)") }
  }

  @Test func bashSyntax() throws {
    let result = try shell("bash", ["-n", "-c", Fixture.program.completionScript(for: .bash)])
    #expect(result.status == 0, "\(result.output)")
  }

  @Test func bashOffersCommandsFlagsAndValues() throws {
    #expect(try complete(["sentiment-worker", ""]) == ["run", "classify", "completion", "help", "--help", "--version"])
    #expect(try complete(["sentiment-worker", "c"]) == ["classify", "completion"])
    #expect(try complete(["sentiment-worker", "run", "--max-"]) == ["--max-tokens", "--max-wait", "--max-bytes"])
    #expect(try complete(["sentiment-worker", "run", "--no"]) == ["--no-stats"])
    #expect(try complete(["sentiment-worker", "run", "--format", ""]) == ["text", "json"])
    #expect(try complete(["sentiment-worker", "run", "--format", "=", "j"]) == ["json"])
    #expect(try complete(["sentiment-worker", "run", "--format", "="]) == ["text", "json"])
    #expect(try complete(["sentiment-worker", "run", "--lanes", ""]) == [])
    #expect(try complete(["sentiment-worker", "run", "--ho"]) == [])
    #expect(try complete(["sentiment-worker", "completion", ""]) == ["bash", "zsh", "fish"])
    #expect(try complete(["sentiment-worker", "classify", "--li"]) == [])
    #expect(try complete(["sentiment-worker", "classify", "--la"]) == ["--lanes"])
  }

  @Test func bashOffersFilesAndDirectories() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "completion-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory.appending(path: "my model"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try Data().write(to: directory.appending(path: "my file"))
    let path = directory.path
    #expect(try complete(["sentiment-worker", "run", "--model", "m"], in: path) == ["my model"])
    #expect(try complete(["sentiment-worker", "run", "--config", "my"], in: path).sorted() == ["my file", "my model"])
    #expect(try complete(["sentiment-worker", "classify", "my f"], in: path) == ["my file"])
  }

  @Test func zshAndFishHoldTheTable() {
    let zsh = Fixture.program.completionScript(for: .zsh)
    #expect(zsh.hasPrefix("#compdef sentiment-worker\n"))
    #expect(zsh.contains("'--format=[How reviews are encoded.]:text|json:(text json)'"))
    #expect(zsh.contains("'--model=[Directory of the model.]:DIR:_files -/'"))
    #expect(zsh.contains("'--threshold=[It'\\''s the least confidence\\: a share.]:X: '"))
    #expect(zsh.contains("'*--kafka=[Any librdkafka property, by its own name.]:NAME=VALUE: '"))
    let fish = Fixture.program.completionScript(for: .fish)
    #expect(fish.contains("-n '__sentiment_worker_using run' -l format -x -a 'text json' -d 'How reviews are encoded.'"))
    #expect(fish.contains("-l threshold -x -d 'It\\'s the least confidence: a share.'"))
    #expect(!zsh.contains("hook") && !fish.contains("hook"))
  }

  @Test(.enabled(if: isInstalled("zsh"), "zsh is not installed"))
  func zshSyntax() throws {
    let result = try shell("zsh", ["-f", "-n", "-c", Fixture.program.completionScript(for: .zsh)])
    #expect(result.status == 0, "\(result.output)")
  }

  @Test(.enabled(if: isInstalled("fish"), "fish is not installed"))
  func fishOffersCommandsFlagsAndValues() throws {
    func complete(_ line: String) throws -> [String] {
      let script = Fixture.program.completionScript(for: .fish) + "complete -C '\(line)'"
      let result = try shell("fish", ["--no-config", "-c", script])
      return result.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    }
    #expect(try complete("sentiment-worker cl") == ["classify"])
    #expect(try complete("sentiment-worker run --max-").sorted() == ["--max-bytes", "--max-tokens", "--max-wait"])
    #expect(try complete("sentiment-worker run --format ").sorted() == ["json", "text"])
  }
}
