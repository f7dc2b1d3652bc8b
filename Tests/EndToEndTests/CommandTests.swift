import Foundation
import Kafka
import Testing

/// The commands around the worker, as a newcomer tries them.
struct CommandTests {
  static let commands = ["run", "replay", "classify", "tokenize", "demo", "broker", "check", "model", "bench", "top"]

  @Test("help teaches by example", arguments: commands)
  func help(command: String) throws {
    for arguments in [[command, "--help"], ["help", command]] {
      let run = try Program.run(arguments)
      #expect(run.exit == .status(0) && run.errors.isEmpty)
      let text = run.output.joined(separator: "\n")
      #expect(text.contains("Examples:") && text.contains("sentiment-worker \(command)"))
      #expect(!text.contains("constant-label"), "hooks of tests are not shown")
    }
  }

  @Test("the program's own help, and its version with what it stands on")
  func helpAndVersion() throws {
    let help = try Program.run(["--help"])
    #expect(help.exit == .status(0))
    for command in Self.commands { #expect(help.output.contains { $0.hasPrefix("  \(command) ") }, "\(command)") }
    let version = try Program.run(["--version"])
    #expect(version.exit == .status(0))
    #expect(version.output.first?.hasPrefix("sentiment-worker ") == true)
    #expect(version.output.contains { $0.hasPrefix("librdkafka ") } && version.output.contains { $0.contains("OpenBLAS") })
  }

  @Test("completion scripts name every command", arguments: ["bash", "zsh", "fish"])
  func completion(shell: String) throws {
    let run = try Program.run(["completion", shell])
    #expect(run.exit == .status(0))
    let text = run.output.joined(separator: "\n")
    for command in Self.commands { #expect(text.contains(command)) }
    #expect(text.contains("stats-interval"))
    if shell == "bash" {
      let bash = try WorkerProcess(["-n"], input: Array(text.utf8), executable: URL(fileURLWithPath: "/bin/bash"))
      #expect(try bash.waitForExit() == .status(0), "bash can read it")
    }
  }

  @Test("the demo ends by itself with a summary")
  func demo() throws {
    let run = try Program.run(["demo"], within: .seconds(120))
    #expect(run.exit == .status(0), "\(run.everything)")
    let summary = try #require(run.output.first { $0.contains("messages in") })
    let numbers = summary.split { !$0.isNumber }.compactMap { Int($0) }
    #expect(numbers[0] == numbers[1] && numbers[0] > 100 && summary.contains("none lost"))
    #expect(run.output.contains { $0.contains("Positive") && $0.contains("%") })
    #expect(run.output.contains { $0.contains("dead-letter") && $0.contains("not-json") })
  }

  @Test("the demo stops when told to")
  func demoStop() throws {
    let process = try WorkerProcess(["demo"])
    defer { process.kill() }
    try process.output.wait(for: "the demo to begin") { $0.contains("embedded Kafka broker") }
    process.send(SIGINT)
    let run = try process.finished()
    #expect(run.exit == .status(0) && run.output.last == "stopped", "\(run.everything)")
  }

  @Test("check says ok to everything that is fine", arguments: Broker.available)
  func check(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let run = try Program.run([
        "check", "--brokers", stage.servers, "--input-topic", stage.input, "--output-topic", stage.output, "--dead-letter-topic",
        stage.deadLetter,
      ])
      #expect(run.exit == .status(0))
      for step in ["CPU", "configuration", "brokers", "topics", "reading", "clocks", "model", "speed"] {
        #expect(run.output.contains { $0.hasPrefix("ok") && $0.contains(step) }, "\(step): \(run.output)")
      }
      #expect(!run.output.contains { $0.hasPrefix("FAILED") })
      #expect(run.output.contains { $0.contains("is Positive") } && run.output.contains { $0.contains("is Negative") })

      // Records of tomorrow are the only sign of clocks that differ.
      try stage.feed([Message(value: "{}", timestamp: Int64(Date().timeIntervalSince1970 * 1000) + 600_000)])
      let document = try Program.run(
        [
          "check", "--brokers", stage.servers, "--group", stage.group, "--input-topic", stage.input, "--output-topic",
          stage.output, "--dead-letter-topic", stage.deadLetter, "--output", "json",
        ], environment: constantLabel)
      #expect(document.exit == .status(0) && document.output.count == 1)
      let json = try JSONLine(try #require(document.output.first))
      let findings = try #require(json["findings"] as? [[String: Any]])
      func severity(_ step: String) -> [String] {
        findings.filter { $0["step"] as? String == step }.compactMap { $0["severity"] as? String }
      }
      #expect(json["ok"] as? Bool == true && severity("group") == ["ok"] && severity("reading") == ["ok"])
      // The embedded broker looks nothing up by time.
      #expect(severity("clocks") == (broker == .real ? ["warning"] : ["ok"]))
      #expect(try stage.committed().isEmpty)
    }
  }

  @Test("the broker serves its topics on the port that it was given, until a signal")
  func broker() throws {
    // A port that was free a moment ago.
    let other = try MockCluster()
    let address = other.bootstrapServers
    other.close()
    let port = try #require(address.split(separator: ":").last)
    let process = try WorkerProcess(["broker", "--port", String(port), "--topic", "films:3", "--topic", "books"])
    defer { process.kill() }
    try process.output.wait(for: "the broker to be ready") { $0.contains("ready") && $0.contains("127.0.0.1:\(port)") }
    let metadata = try AdminClient.reach(
      KafkaConfiguration(["bootstrap.servers": "127.0.0.1:\(port)"]), topics: ["films", "books"], timeout: .seconds(20))
    #expect(metadata.topic("films")?.partitions.count == 3)
    #expect(metadata.topic("books")?.partitions.count == 4)
    let sent = try Topics.produce(Message.reviews(10), to: "films", on: "127.0.0.1:\(port)")
    let reader = try TopicReader(servers: "127.0.0.1:\(port)", topics: [("films", 3)])
    try reader.read(count: sent.count)
    process.send(SIGTERM)
    #expect(try process.waitForExit(within: .seconds(10)) == .status(0))

    let taken = try Program.run(["broker", "--port", "99999"])
    #expect(taken.exit == .status(2))
  }
}
