import Foundation
import Testing

/// `classify` and `tokenize`: texts in, answers out, without Kafka.
struct ClassifyTests {
  private func labels(_ output: [String]) throws -> [String] {
    try output.map { line in
      let line = try JSONLine(line)
      return line["error"] == nil ? try line.string("label") : try "line \(line.int("line")): \(line.string("error.reason"))"
    }
  }

  @Test("texts from arguments")
  func arguments() throws {
    let run = try Program.run(["classify", "A wonderful film.", "The worst film I have seen.", "--output", "jsonl"])
    #expect(run.exit == .status(0) && run.errors.isEmpty)
    #expect(try labels(run.output) == ["Positive", "Negative"])
    let line = try JSONLine(run.output[0])
    #expect(Set(line.object.keys) == ["label", "confidence", "probabilities", "tokens", "truncated"])
    #expect(try line.int("tokens") == 6)
    #expect(try abs(line.double("probabilities.Positive") + line.double("probabilities.Negative") - 1) < 1e-6)
  }

  @Test("threads that share a lane change no digit", arguments: [["--lanes", "1"], []])
  func threadsPerLane(lanes: [String]) throws {
    let texts = ["classify", "A wonderful film.", "The worst film I have seen.", "Neither.", "--output", "jsonl"]
    let alone = try Program.run(texts)
    let together = try Program.run(texts + ["--threads-per-lane", "3"] + lanes)
    #expect(together.exit == .status(0) && together.errors.isEmpty)
    #expect(together.output == alone.output && alone.output.count == 3)
  }

  @Test("answers that cannot be written are an error", arguments: ["classify", "tokenize"], [">/dev/full", ">&-"])
  func unwritableOutput(command: String, redirection: String) throws {
    let shell = try WorkerProcess(
      ["-c", "\"$0\" \(command) 'A wonderful film.' \(redirection)", Program.url.path],
      executable: URL(fileURLWithPath: "/bin/sh"))
    defer { shell.kill() }
    let run = try shell.finished()
    #expect(run.exit == .status(1))
    #expect(try run.onlyMessage().contains("cannot write standard output: "))
  }

  @Test(
    "a flag that would do nothing is a mistake",
    arguments: [["--text-column", "body"], ["--input-format", "csv"], ["--detail"]])
  func uselessFlag(flags: [String]) throws {
    let run = try Program.run(["classify", "A wonderful film."] + flags)
    #expect(run.exit == .status(2))
    #expect(try run.onlyMessage().contains(flags[0]))
  }

  @Test("a table for people")
  func table() throws {
    let run = try Program.run(["classify", "A wonderful film.", "The worst film I have seen."])
    #expect(run.exit == .status(0))
    #expect(run.output.count == 3)
    #expect(run.output[0].contains("label") && run.output[0].contains("confidence"))
    #expect(run.output[1].contains("Positive") && run.output[1].contains("A wonderful film."))
    #expect(run.output[2].contains("Negative") && run.output[2].contains("%"))
  }

  /// What each kind of input gives: labels, and error lines in the place of texts that cannot be labelled.
  struct Input: CustomTestStringConvertible {
    var name: String
    var text: [UInt8]
    var arguments: [String] = []
    var expected: [String]
    var testDescription: String { name }
  }

  static let inputs: [Input] = [
    .init(
      name: "reviews.txt", text: Array("A fine film.\r\n\nBad ".utf8) + [0xFF] + Array(" bytes\nThe worst.".utf8),
      expected: ["Positive", "line 2: blank", "line 3: not-utf8", "Negative"]),
    .init(
      name: "reviews.jsonl",
      text: Array(#"{"a": {"b": "A fine film."}}"#.utf8)
        + Array("\nnope\n{\"a\": 1}\n{\"a\": {\"b\": 2}}\n{\"a\":{\"b\":\"\\ud83c\"}}\n".utf8)
        + Array(#"{"a": {"b": "The w\u006frst."}}"#.utf8),
      arguments: ["--text-pointer", "/a/b"],
      expected: [
        "Positive", "line 2: not-json", "line 3: field-missing", "line 4: not-a-string", "line 5: lone-surrogate", "Negative",
      ]),
    .init(
      name: "reviews.csv",
      text: Array("id,body\n1,\"A fine, \"\"fine\"\" film\"\n2,oops,extra\n3,\"The worst\nof all\"\n4,\n5,Lovely!\n".utf8),
      arguments: ["--text-column", "body"],
      expected: ["Positive", "line 3: ragged-row", "Negative", "line 6: blank", "Positive"]),
  ]

  @Test("a file of each kind; errors in their places, exit status 1", arguments: inputs)
  func files(input: Input) throws {
    try withTemporaryDirectory { directory in
      let file = directory.appendingPathComponent(input.name)
      try Data(input.text).write(to: file)
      let run = try Program.run(["classify", "--input", file.path, "--output", "jsonl"] + input.arguments)
      #expect(run.exit == .status(1))
      #expect(try labels(run.output) == input.expected)
      let failed = input.expected.count { $0.hasPrefix("line") }
      #expect(try run.onlyMessage().contains("\(failed) of \(input.expected.count) texts could not be labelled"))
    }
  }

  @Test("standard input")
  func standardInput() throws {
    let run = try Program.run(["classify", "--input", "-", "-o", "jsonl"], input: Array("A fine film.\nThe worst.\n".utf8))
    #expect(run.exit == .status(0))
    #expect(try labels(run.output) == ["Positive", "Negative"])
  }

  @Test("a reader that goes away ends it soon, without a crash")
  func brokenPipe() throws {
    for command in ["classify --output jsonl", "classify", "tokenize"] {
      let shell = try WorkerProcess(
        [
          "-c", #"yes "A fine film." | "$0" \#(command) --input - | head -n 1; echo "status ${PIPESTATUS[1]}""#, Program.url.path,
        ],
        executable: URL(fileURLWithPath: "/bin/bash"))
      defer { shell.kill() }
      let run = try shell.finished()
      #expect(run.output.count == 2)
      #expect(["status 0", "status 1"].contains(run.output.last), "\(command): \(run.output)")
      #expect(!run.everything.lowercased().contains("crash"))
    }
  }

  @Test("what cannot be read is a message and status 2")
  func unreadable() throws {
    let missing = try Program.run(["classify", "--input", "/nowhere/reviews.txt"])
    #expect(missing.exit == .status(2))
    #expect(try missing.onlyMessage().contains("/nowhere/reviews.txt"))
    let nothing = try Program.run(["classify"])
    #expect(nothing.exit == .status(2))
    #expect(try nothing.onlyMessage().contains("--input"))
    let both = try Program.run(["classify", "text", "--input", "-"])
    #expect(both.exit == .status(2))
  }
}

/// The engine through the command line, against the reference.
@Suite(
  .enabled(if: ReferenceData.isThere, "there is no reference data: SENTIMENT_SHARED_DIR names none"))
struct ReferenceTests {
  @Test("token ids are the reference's")
  func tokens() throws {
    let run = try Program.run(["tokenize", "--input", ReferenceData.tokensFile.path, "--text-pointer", "/text"])
    let reference = try ReferenceData.tokens()
    try #require(run.output.count == reference.count)
    var blank = 0
    for (line, expected) in zip(run.output, reference) {
      let line = try JSONLine(line)
      if line["error"] != nil {
        // Reviews without text are no reviews; the reference sees [CLS] and [SEP].
        #expect(try line.string("error.reason") == "blank" && expected.ids == [101, 102])
        blank += 1
      } else {
        #expect(line["ids"] as? [Int] == expected.ids, "\(expected.text)")
      }
    }
    #expect(run.exit == .status(blank == 0 ? 0 : 1))
    #expect(blank < 10)
  }

  @Test("logits are within 0.0001 of the reference's; the same bits alone, in any batch, on any number of lanes")
  func logits() throws {
    let reviews = try ReferenceData.reviews(20)
    try withTemporaryDirectory { directory in
      func file(_ name: String, _ texts: [String]) throws -> String {
        let file = directory.appendingPathComponent(name + ".jsonl")
        let lines = try texts.map { String(decoding: try JSONSerialization.data(withJSONObject: ["text": $0]), as: UTF8.self) }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        return file.path
      }
      func classify(_ file: String, _ more: String...) throws -> [String] {
        let run = try Program.run(["classify", "--input", file, "--output", "jsonl", "--detail"] + more)
        #expect(run.exit == .status(0))
        return run.output
      }
      let together = try classify(try file("together", reviews.map(\.text)))
      try #require(together.count == reviews.count)
      var farthest = 0.0
      for (line, review) in zip(together, reviews) {
        let line = try JSONLine(line)
        let logits = try #require(line["logits"] as? [Double])
        #expect(logits.count == 2)
        for (found, expected) in zip(logits, review.logits) { farthest = max(farthest, abs(found - expected)) }
        #expect(try line.string("label") == review.label)
        #expect(try (line["ids"] as? [Int])?.count == line.int("tokens"))
      }
      #expect(farthest < 1e-4, "the farthest logit is off by \(farthest)")

      let backwards = try classify(try file("backwards", reviews.map(\.text).reversed()), "--lanes", "1")
      #expect(Array(backwards.reversed()) == together)
      for (index, review) in reviews.enumerated().filter({ $0.offset % 5 == 0 }) {
        #expect(try classify(try file("alone", [review.text])) == [together[index]], "\(review.id) alone")
      }
    }
  }
}
