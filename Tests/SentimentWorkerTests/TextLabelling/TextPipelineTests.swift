import Foundation
import Telemetry
import Testing

@testable import SentimentWorker

/// A model that labels by the first letter, and fails on texts that say so; its lanes count their batches.
struct LetterModel: LabellingModel {
  let identity = ModelIdentity(name: "letters", fingerprint: "0", precision: "none")
  let labels = ["Low", "High"]
  let maximumTokens = 8

  func tokenise(_ text: Span<UInt8>) throws(LabellingFailure) -> TokenisedText {
    var ids: [Int32] = []
    for index in 0..<min(text.count, maximumTokens) { ids.append(Int32(text[index])) }
    return TokenisedText(ids: ids, isTruncated: text.count > maximumTokens)
  }

  func makeLane() -> any LabellingLane { Lane() }

  private final class Lane: LabellingLane {
    func label(_ batch: [TokenisedText]) -> [Result<Labelling, LabellingFailure>] {
      batch.map { text in
        guard text.ids.first != Int32(UInt8(ascii: "!")) else { return .failure(LabellingFailure(detail: "told to fail")) }
        let isHigh = text.ids.first ?? 0 > 109
        return .success(Labelling(probabilities: isHigh ? [0.25, 0.75] : [0.75, 0.25], logits: [0, 0]))
      }
    }
  }
}

@Suite struct TextPipelineTests {
  private func run(_ texts: [String], lanes: Int, readUntil limit: Int = .max) throws -> [String] {
    let answers = Locked<[String]>([])
    let pipeline = TextPipeline(
      model: LetterModel(), lanes: lanes, batch: BatchLimits(tokens: 16, records: 4, wait: .zero),
      inFlight: FlowControl.Limits(tokens: 64, bytes: 1 << 20, records: 16)
    ) { text, answer in
      answers.withLock { answers in
        switch answer {
        case .labelled(let labelling, let tokenised):
          let label = labelling.probabilities[0] > 0.5 ? "Low" : "High"
          answers.append("\(text.number) \(label)\(tokenised.isTruncated ? "+" : "")")
        case .failed(let reason, _): answers.append("\(text.number) \(reason)")
        }
        return answers.count < limit
      }
    }
    var source = LineTextSource(
      ByteSource(read: Self.once(Array((texts.joined(separator: "\n") + "\n").utf8))), format: .text)
    try pipeline.run { try source.next() }
    return answers.withLock { $0 }
  }

  private static func once(_ bytes: [UInt8]) -> (Int) -> [UInt8]? {
    var rest = bytes[...]
    return { maximum in
      guard !rest.isEmpty else { return nil }
      defer { rest = rest.dropFirst(maximum) }
      return Array(rest.prefix(maximum))
    }
  }

  @Test(arguments: [1, 2, 5])
  func answersComeInTheOrderOfTheTexts(lanes: Int) throws {
    let texts = (0..<500).map {
      $0.isMultiple(of: 7) ? "" : $0.isMultiple(of: 11) ? "!" : $0.isMultiple(of: 2) ? "apple" : "zebra crossing"
    }
    let expected = texts.enumerated().map { index, text in
      let answer =
        switch text {
        case "": "blank"
        case "!": "model-error"
        case "apple": "Low"
        default: "High+"
        }
      return "\(index + 1) \(answer)"
    }
    #expect(try run(texts, lanes: lanes) == expected)
  }

  @Test func aReaderThatGoesAwayEndsTheRun() throws {
    let answers = try run(Array(repeating: "apple", count: 10_000), lanes: 2, readUntil: 3)
    #expect(answers.count == 3)
  }

  /// A model whose lanes cannot be made.
  private struct NoLaneModel: LabellingModel {
    let identity = ModelIdentity(name: "none", fingerprint: "0", precision: "none")
    let labels = ["A"]
    let maximumTokens = 8
    func tokenise(_ text: Span<UInt8>) throws(LabellingFailure) -> TokenisedText { TokenisedText(ids: [1], isTruncated: false) }
    func makeLane() throws(WorkerError) -> any LabellingLane { throw WorkerError(.model, "no memory") }
  }

  @Test func lanesThatCannotBeMadeEndTheRun() {
    let pipeline = TextPipeline(
      model: NoLaneModel(), lanes: 2, batch: BatchLimits(tokens: 16, records: 4, wait: .zero),
      inFlight: FlowControl.Limits(tokens: 4, bytes: 1 << 20, records: 16)
    ) { _, _ in true }
    var number = 0
    let error = #expect(throws: WorkerError.self) {
      try pipeline.run {
        number += 1
        return number > 100 ? nil : TextItem(number: number, line: number, text: .success([65]))
      }
    }
    #expect(error?.kind == .model)
  }

  @Test func nothingInNothingOut() throws {
    let answers = try run([], lanes: 2)
    #expect(answers == ["1 blank"])
  }
}

@Suite struct AnswerWritingTests {
  private let text = TextPipeline.Text(number: 3, line: 5, bytes: Array("Fine\tfilm\u{1B}[31m\u{202E} end".utf8))
  private let labelling = TextPipeline.Answer.labelled(
    Labelling(probabilities: [0.00049999, 0.9995], logits: [-3.8, 3.8]), TokenisedText(ids: [101, 7, 102], isTruncated: true))

  @Test func jsonHasWhatProgramsNeed() {
    let plain = String(decoding: AnswerJSON(labels: ["N", "P"], isDetailed: false).encode(text, labelling), as: UTF8.self)
    #expect(
      plain == #"{"label":"P","confidence":0.9995,"probabilities":{"N":0.00049999,"P":0.9995},"tokens":3,"truncated":true}"#)
    let detailed = String(decoding: AnswerJSON(labels: ["N", "P"], isDetailed: true).encode(text, labelling), as: UTF8.self)
    #expect(detailed.hasSuffix(#""ids":[101,7,102],"logits":[-3.8,3.8]}"#))
    let failed = AnswerJSON(labels: ["N", "P"], isDetailed: true).encode(text, .failed(reason: "blank", detail: "no \"text\""))
    #expect(String(decoding: failed, as: UTF8.self) == #"{"line":5,"error":{"reason":"blank","detail":"no \"text\""}}"#)
  }

  @Test func aRowIsOneLineWithNothingThatMovesTheCursor() {
    let row = AnswerTable(labels: ["N", "P"], width: 60).row(text, labelling)
    #expect(row == "    3  P          99.9 %      3+  Fine film [31m  end")
    #expect(AnswerTable(labels: ["N", "P"], width: 40).row(text, .failed(reason: "blank", detail: "x")).contains("not labelled"))
  }

  @Test func aFailureIsToldWholeAndALabelOnOneLine() {
    let detail = String(repeating: "long ", count: 50) + "end"
    #expect(AnswerTable(labels: ["N"], width: 40).row(text, .failed(reason: "blank", detail: detail)).hasSuffix("long end"))
    let row = AnswerTable(labels: ["N", "P\u{1B}[2J\n"], width: 60).row(text, labelling)
    #expect(!row.contains("\u{1B}") && !row.contains("\n"))
  }

  @Test func progressTellsRateShareAndTimeLeft() {
    var bar = ProgressBar(totalBytes: 1000, startedAt: 0)
    #expect(bar.line(texts: 10, bytes: 250, at: 2_000_000_000) == "[#####...............] 25 %  10 texts, 5.0/s, 6 s left")
    #expect(bar.line(texts: 11, bytes: 260, at: 2_050_000_000) == nil)
    #expect(bar.line(texts: 40, bytes: 1000, at: 8_000_000_000, isFinal: true) == "[####################] 100 %  40 texts, 5.0/s")
    var pipe = ProgressBar(totalBytes: nil, startedAt: 0)
    #expect(pipe.line(texts: 3, bytes: 9, at: 1_000_000_000) == "3 texts, 3.0/s")
  }
}
