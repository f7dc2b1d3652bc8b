import Foundation
import Settings
import Telemetry

/// `classify`: texts from arguments, a file or standard input, labelled in order.
struct ClassifyCommand {
  let values: SettingValues
  let arguments: [String]
  let terminal: Terminal

  func run() throws -> Int32 {
    if values[TextSettings.detail], values[TextSettings.output] != .jsonl {
      throw WorkerError(.usage, "--detail goes with --output jsonl: a table has no room for token ids and logits")
    }
    var texts = try TextInput(values: values, arguments: arguments)
    let model = try ModelLoading.load(values)
    for remark in model.remarks { terminal.printError("sentiment-worker: warning: \(remark)") }
    let isTable = values[TextSettings.output] == .table
    let table = AnswerTable(labels: model.labels, width: terminal.width)
    let json = AnswerJSON(labels: model.labels, isDetailed: values[TextSettings.detail])
    let hasProgress =
      values[TextSettings.progress] ?? (terminal.isErrorTerminal && !terminal.isOutputTerminal && arguments.isEmpty)
    let progress = Locked(ProgressBar(totalBytes: texts.totalBytes, startedAt: MonotonicClock.now))
    let bytesRead = texts.bytesRead
    let counts = Locked((texts: 0, failed: 0, reasons: Set<String>()))

    let pipeline = TextPipeline(
      model: model, lanes: ModelLoading.lanes(values),
      batch: .init(tokens: values[WorkerSettings.batchTokens], records: values[WorkerSettings.batchRecords], wait: .zero),
      inFlight: .init(tokens: values[WorkerSettings.inFlightTokens], bytes: 64 << 20, records: 10_000)
    ) { [terminal] text, answer in
      let done = counts.withLock { counts in
        counts.texts += 1
        if case .failed(let reason, _) = answer {
          counts.failed += 1
          counts.reasons.insert(reason)
        }
        return counts.texts
      }
      // Only now is it known that the input can be read at all.
      if isTable, done == 1 { terminal.print(table.header) }
      let isRead = terminal.write(
        isTable ? Array((table.row(text, answer) + "\n").utf8) : json.encode(text, answer) + [UInt8(ascii: "\n")])
      if hasProgress,
        let line = progress.withLock({ $0.line(texts: done, bytes: bytesRead.value, at: MonotonicClock.now) })
      {
        terminal.showProgress(line)
      }
      return isRead
    }
    try pipeline.run { try texts.next() }
    let total = counts.withLock { $0 }
    if isTable, total.texts == 0 { terminal.print(table.header) }
    terminal.clearProgress()
    if hasProgress,
      let line = progress.withLock({
        $0.line(texts: total.texts, bytes: bytesRead.value, at: MonotonicClock.now, isFinal: true)
      })
    {
      terminal.printError(line)
    }
    if total.failed > 0 {
      terminal.printError(
        "sentiment-worker: \(total.failed) of \(total.texts) texts could not be labelled\(texts.hint(for: total.reasons))")
      return ExitStatus.failure
    }
    return ExitStatus.success
  }
}

/// `tokenize`: the token ids that the model sees.
struct TokenizeCommand {
  let values: SettingValues
  let arguments: [String]
  let terminal: Terminal

  func run() throws -> Int32 {
    var texts = try TextInput(values: values, arguments: arguments)
    let tokenizer = try ModelLoading.tokenizer(values)
    var failed = 0
    var count = 0
    var reasons: Set<String> = []
    while let item = try texts.next() {
      count += 1
      var json = JSONWriter()
      json.object { json in
        do throws(TextFailure) {
          let ids = try ids(of: item, tokenizer)
          json.key("ids")
          json.array { json in for id in ids { json.value(id) } }
        } catch {
          failed += 1
          reasons.insert(error.reason)
          AnswerJSON.writeFailure(line: item.line, reason: error.reason, detail: error.detail, to: &json)
        }
      }
      guard terminal.write(json.bytes + [UInt8(ascii: "\n")]) else { return ExitStatus.success }
    }
    if failed > 0 {
      terminal.printError("sentiment-worker: \(failed) of \(count) texts could not be tokenised\(texts.hint(for: reasons))")
      return ExitStatus.failure
    }
    return ExitStatus.success
  }

  private struct TextFailure: Error {
    var reason: String
    var detail: String
  }

  private func ids(of item: TextItem, _ tokenizer: ModelTokenizer) throws(TextFailure) -> [Int32] {
    switch item.text {
    case .failure(let error): throw TextFailure(reason: error.reason.name, detail: error.detail)
    case .success(let bytes):
      do throws(LabellingFailure) {
        return try tokenizer.tokenise(bytes.span).ids
      } catch {
        throw TextFailure(reason: "tokeniser", detail: error.detail)
      }
    }
  }
}
