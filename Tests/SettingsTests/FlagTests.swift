import Settings
import Testing

@Suite struct FlagTests {
  @Test func spellings() throws {
    #expect(try Fixture.run(["--lanes", "3"])[Fixture.lanes] == 3)
    #expect(try Fixture.run(["--lanes=3"])[Fixture.lanes] == 3)
    #expect(try Fixture.run(["--lanes=3", "--lanes", "4"])[Fixture.lanes] == 4)
    #expect(try Fixture.run(["-b", "a:1"])[Fixture.brokers] == ["a:1"])
    #expect(try Fixture.run(["-b", "a:1", "--brokers=b:2,c:3"])[Fixture.brokers] == ["a:1", "b:2", "c:3"])
    #expect(try Fixture.run(["--stats"])[Fixture.stats])
    #expect(try !Fixture.run(["--no-stats"])[Fixture.stats])
    #expect(try !Fixture.run(["--stats=false"])[Fixture.stats])
    #expect(try Fixture.run(["--no-stats", "--stats"])[Fixture.stats])
    #expect(try Fixture.run(["--format", "json", "--text-pointer="])[Fixture.pointer] == "")
    #expect(try Fixture.run(["--hook", "x"])[Fixture.hook] == "x")
    #expect(
      try Fixture.run(["--kafka", "a.b=c", "--kafka", "a.b=d", "--kafka=e="])[Fixture.properties] == ["a.b": "d", "e": ""])
  }

  @Test(arguments: [
    (["--lanse", "3"], "unknown flag \"--lanse\"; did you mean \"--lanes\"?"),
    (["--no-stat"], "unknown flag \"--no-stat\"; did you mean \"--no-stats\"?"),
    (["--no-lanes"], "unknown flag \"--no-lanes\""),
    (["--no-stats=1"], "--no-stats takes no value"),
    (["--lanes"], "--lanes needs a value: --lanes N"),
    (["--lanes", "--stats"], "--lanes needs a value: --lanes N"),
    (["--config"], "--config needs a value: --config FILE"),
    (["--lanes="], "--lanes: \"\" is no value for \"model.lanes\""),
    (["--kafka", "debug"], "--kafka: expected NAME=VALUE"),
    (["--kafka", "=x"], "--kafka: \"kafka.\" is no name"),
    (["--kafka", "brokers=x"], "--kafka brokers=…: this setting has a flag of its own; use --brokers"),
    (["--input", "x"], "\"--input\" is no flag of run; it belongs to classify"),
    (["-xyz"], "unknown flag \"-x…\";"),
    (["-x"], "unknown flag \"-x\"; an argument that starts with \"-\" goes after \"--\""),
    (["extra"], "unexpected argument \"extra\": run takes no arguments"),
    (["--", "--lanes"], "unexpected argument \"--lanes\": run takes no arguments"),
    (["--stats=maybe"], "--stats: \"maybe\" is no value for \"stats.enabled\"; expected true or false"),
    (["--lanes", "\u{1B}[31m9\u{202E}"], "--lanes: \"\u{FFFD}[31m9\u{FFFD}\" is no value"),
  ])
  func problems(flags: [String], problem: String) {
    let problems = Fixture.problems(flags)
    #expect(problems.count == 1)
    #expect(problems.first?.hasPrefix(problem) == true, "\(problems)")
  }

  @Test func positionalArguments() throws {
    guard
      case .run(let command, let values, let texts) = try Fixture.parse(["classify", "a", "--lanes=2", "-", "--", "--help", "-b"])
    else {
      Issue.record("nothing to run")
      return
    }
    #expect(command == "classify")
    #expect(values[Fixture.lanes] == 2)
    #expect(texts == ["a", "-", "--help", "-b"])
    #expect(throws: SettingsError.self) { try Fixture.parse(["copy", "a"]) }
    #expect(throws: SettingsError.self) { try Fixture.parse(["copy", "a", "b", "c"]) }
    #expect(throws: Never.self) { try Fixture.parse(["copy", "a", "b"]) }
  }

  @Test func whatNeedsNoSettings() throws {
    func isHelp(_ arguments: [String], _ start: String) throws {
      guard case .help(let text) = try Fixture.parse(arguments, environment: ["SENTIMENT_X": "wrong"]) else {
        Issue.record("\(arguments) gives no help")
        return
      }
      #expect(text.hasPrefix(start))
    }
    try isHelp([], "sentiment-worker: labels")
    try isHelp(["--help"], "sentiment-worker: labels")
    try isHelp(["help"], "sentiment-worker: labels")
    try isHelp(["help", "run"], "Usage: sentiment-worker run")
    try isHelp(["run", "--nonsense", "-h"], "Usage: sentiment-worker run")
    try isHelp(["completion"], "Usage: sentiment-worker completion bash|zsh|fish")
    for arguments in [["--version"], ["run", "--version"]] {
      guard case .version = try Fixture.parse(arguments) else {
        Issue.record("no version")
        return
      }
    }
    guard case .completion = try Fixture.parse(["completion", "fish"]) else {
      Issue.record("no script")
      return
    }
  }

  @Test(arguments: [
    (["rn"], "unknown command \"rn\"; did you mean \"run\"?; commands: run, classify, completion, help"),
    (["--lanes", "3", "run"], "flag \"--lanes\" comes before the command; write \"sentiment-worker COMMAND --lanes\""),
    (
      ["completion", "csh"],
      "\"csh\" is no shell that has a completion script; write \"sentiment-worker completion bash|zsh|fish\""
    ),
    (["help", "classfy"], "unknown command \"classfy\"; did you mean \"classify\"?; commands: run, classify, completion, help"),
  ])
  func commands(arguments: [String], problem: String) throws {
    let error = try #require(throws: SettingsError.self) { try Fixture.parse(arguments) }
    #expect(error.problems == [problem])
  }
}
