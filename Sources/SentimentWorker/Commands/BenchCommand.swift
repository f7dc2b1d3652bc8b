import DistilBERT
import Foundation
import Settings
import Telemetry

/// `bench`: how fast engine and tokeniser are here, at which precision, and what that costs in labels.
struct BenchCommand {
  let values: SettingValues
  let terminal: Terminal

  func run() throws -> Int32 {
    let directory = try ModelLoading.directory(values)
    let configuration: ModelConfiguration
    do throws(ModelError) {
      configuration = try ModelConfiguration(directory: directory)
    } catch {
      throw WorkerError(.model, "\(error)")
    }
    let tokenizer = try ModelTokenizer(directory: directory, configuration: configuration)
    let given = values[BenchSettings.precisions]
    let plan = Bench.Plan(
      directory: directory,
      // f32 comes first: the others are compared with it.
      precisions: Precision.allCases.filter { given.isEmpty || given.contains($0) }, skipsMissing: given.isEmpty,
      lanes: lanes, threadsPerLane: values[WorkerSettings.threadsPerLane],
      batchTokens: values[BenchSettings.batchTokens] ?? values[WorkerSettings.batchTokens],
      repeats: try repeats())
    let bench = Bench(
      plan: plan, tokenizer: tokenizer, workloads: try workloads(tokenizer, configuration),
      progress: { [terminal] text in
        if terminal.isErrorTerminal { terminal.showProgress(text) }
      },
      note: { [terminal] text in terminal.printError("sentiment-worker: note: \(text)") })
    #if DEBUG
      terminal.printError("sentiment-worker: note: this is a debug build, slower than swift build -c release")
    #endif
    let results = try bench.run()
    terminal.clearProgress()
    switch values[BenchSettings.output] {
    case .table: return terminal.print(BenchTable(results: results).text)
    case .json:
      return terminal.write(BenchJSON(results: results, time: .now()).encode()) ? ExitStatus.success : ExitStatus.failure
    }
  }

  private var lanes: [Int] {
    let given = values[BenchSettings.lanes]
    let all = max(1, ProcessInfo.processInfo.activeProcessorCount / values[WorkerSettings.threadsPerLane])
    return given.isEmpty ? Array(Set([1, all])).sorted() : given.sorted()
  }

  private func repeats() throws -> RepeatPlan {
    switch (values[BenchSettings.repeats], values[BenchSettings.seconds]) {
    case (nil, nil): return .times(5)
    case (let count?, nil): return .times(count)
    case (nil, let seconds?): return .seconds(seconds)
    case (_?, _?): throw WorkerError(.usage, "give either --repeat or --seconds, not both")
    }
  }

  private func workloads(_ tokenizer: ModelTokenizer, _ configuration: ModelConfiguration) throws -> [Workload] {
    let lengths = values[BenchSettings.lengths]
    guard lengths.isEmpty else {
      if values[TextSettings.input] != nil { throw WorkerError(.usage, "give either --input or --lengths, not both") }
      if let long = lengths.first(where: { $0 > configuration.maximumPositions }) {
        throw WorkerError(
          .usage, "--lengths \(long): the model reads \(configuration.maximumPositions) tokens at most")
      }
      return lengths.map { Workload.random(length: $0, vocabulary: configuration.vocabularySize) }
    }
    let reading = WorkloadReading(values: values, tokenizer: tokenizer, labels: configuration.labels) { [terminal] text in
      terminal.printError("sentiment-worker: warning: \(text)")
    }
    return [try reading.read()]
  }
}
