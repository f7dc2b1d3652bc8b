import Foundation
import Settings
import Synchronization

/// `classify`: texts from arguments, a file or standard input, labelled in order.
struct ClassifyCommand {
  let values: SettingValues
  let arguments: [String]
  let terminal: Terminal

  func run() throws -> Int32 {
    var texts = try TextInput(values: values, arguments: arguments)
    let model = try ModelLoading.load(values)
    let isTable = values[TextSettings.output] == .table
    let table = AnswerTable(labels: model.labels, width: terminal.width)
    let json = AnswerJSON(labels: model.labels, isDetailed: values[TextSettings.detail])
    let hasProgress = values[TextSettings.progress] ?? (terminal.isErrorTerminal && !terminal.isOutputTerminal && arguments.isEmpty)
    let progress = Mutex(ProgressBar(totalBytes: texts.totalBytes, startedAt: MonotonicClock.now))
    let bytesRead = texts.bytesRead
    let counts = Mutex((texts: 0, failed: 0))
    if isTable { terminal.print(table.header) }

    let pipeline = TextPipeline(
      model: model, lanes: ModelLoading.lanes(values),
      batch: .init(tokens: values[WorkerSettings.batchTokens], records: values[WorkerSettings.batchRecords], wait: .zero),
      inFlight: .init(tokens: values[WorkerSettings.inFlightTokens], bytes: 64 << 20, records: 10_000)
    ) { [terminal] text, answer in
      let done = counts.withLock { counts in
        counts.texts += 1
        if case .failed = answer { counts.failed += 1 }
        return counts.texts
      }
      let isRead = terminal.write(
        isTable ? Array((table.row(text, answer) + "\n").utf8) : json.encode(text, answer) + [UInt8(ascii: "\n")])
      if hasProgress,
        let line = progress.withLock({ $0.line(texts: done, bytes: bytesRead.value, at: MonotonicClock.now) })
      {
        terminal.showProgress(line)
      }
      return isRead
    }
    pipeline.run { texts.next() }
    let total = counts.withLock { $0 }
    terminal.clearProgress()
    if hasProgress,
      let line = progress.withLock({
        $0.line(texts: total.texts, bytes: bytesRead.value, at: MonotonicClock.now, isFinal: true)
      })
    {
      terminal.printError(line)
    }
    if total.failed > 0 {
      terminal.printError("sentiment-worker: \(total.failed) of \(total.texts) texts could not be labelled")
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
    .init(0)
  }
}
