import Dispatch
import Foundation
import Kafka
import Settings
import Telemetry

/// The program behind the command line.
enum HarnessProgram {
  private enum Status {
    static let passed: Int32 = 0
    /// Failed, or inconclusive: in no case a proof.
    static let notPassed: Int32 = 1
    static let usage: Int32 = 2
  }

  static func main(arguments: [String], environment: [String: String]) -> Int32 {
    do throws(SettingsError) {
      switch try specification.parse(arguments: arguments, environment: environment, width: 100) {
      case .help(let text): return print(text)
      case .version: return print("fault-harness of sentiment-worker, librdkafka \(LibraryVersion.number)\n")
      case .completion(let script): return print(script)
      case .run(let command, let values, _): return run(command, values)
      }
    } catch {
      printError("fault-harness: \(error)")
      return Status.usage
    }
  }

  private static func run(_ command: String, _ values: SettingValues) -> Int32 {
    let stop = StopFlag()
    let signals = Signals(stop)
    defer { signals.cancel() }
    do {
      switch command {
      case "plan": return plan(values)
      case "scale": return try scaleRun(values, stop)
      case "self-test": return try selfTest(values, stop)
      case "broken-worker":
        try BrokenWorker(values).run(until: stop)
        return Status.passed
      default: return try faultRun(values, stop)
      }
    } catch {
      printError("fault-harness: \(error)")
      return Status.notPassed
    }
  }

  // MARK: Commands

  private static func plan(_ values: SettingValues) -> Int32 {
    let seed = seed(values)
    let schedule = Schedule(seed: seed, shape: HarnessSettings.shape(values))
    let lines = schedule.faults.map { "\($0.number)\t\($0.at.inMilliseconds) ms\t\($0)" }
    return print((["seed \(seed)"] + lines).joined(separator: "\n") + "\n")
  }

  private static func faultRun(_ values: SettingValues, _ stop: StopFlag) throws -> Int32 {
    let seed = seed(values)
    let logs = try logDirectory(values)
    let proxy = try proxy(values)
    defer { proxy?.end() }
    printError("seed \(seed); logs in \(logs.url.path)")
    let options = try options(values, seed: seed, logs: logs.url)
    let result = try FaultRun(options, proxy: proxy, stop: stop, say: printError).run()
    let verdict = judge(values).verdict(on: result.observations)
    let report = Report(
      seed: seed, guarantee: values[HarnessSettings.guarantee].guarantee, faults: result.observations.faults, begin: result.begin,
      verdict: verdict)
    try write(report, values)
    if verdict.outcome == .passed, logs.isTemporary { try? FileManager.default.removeItem(at: logs.url) }
    return verdict.outcome == .passed ? Status.passed : Status.notPassed
  }

  private static func scaleRun(_ values: SettingValues, _ stop: StopFlag) throws -> Int32 {
    let seed = seed(values)
    let logs = try logDirectory(values)
    printError("seed \(seed); logs in \(logs.url.path)")
    var options = try options(values, seed: seed, logs: logs.url)
    let numbers = values[HarnessSettings.scaling]
    options.shape.count = 0
    options.shape.workers = numbers[0]
    options.scaling = Array(numbers.dropFirst())
    options.quietTime = values[HarnessSettings.hold]
    let result = try FaultRun(options, proxy: nil, stop: stop, say: printError).run()
    let verdict = judge(values).verdict(on: result.observations)
    let report = Report(
      seed: seed, guarantee: values[HarnessSettings.guarantee].guarantee, faults: [], begin: result.begin, verdict: verdict,
      stops: StopTimes(result.changes, outcomes: result.observations.outcomes, begin: result.begin, end: result.fedUntil))
    try write(report, values)
    if verdict.outcome == .passed, logs.isTemporary { try? FileManager.default.removeItem(at: logs.url) }
    return verdict.outcome == .passed ? Status.passed : Status.notPassed
  }

  private static func selfTest(_ values: SettingValues, _ stop: StopFlag) throws -> Int32 {
    let logs = try logDirectory(values)
    var options = try options(values, seed: seed(values), logs: logs.url)
    // Poison is fed as in any run, so that what becomes of it is seen; nothing else disturbs.
    options.shape.kinds = [.poison]
    options.shape.count = 3
    options.shape.interval = .seconds(1)
    options.drainLimit = .seconds(40)
    options.rate = 100
    options.shape.workers = 1
    var judge = judge(values)
    // There is nothing here that could keep workers from their work.
    judge.leastShareDuringFaults = 0
    let test = SelfTest(
      base: options, judge: judge, program: URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path,
      stop: stop, say: { print($0 + "\n") })
    let isRight = test.run()
    print(isRight ? "self-test: every defect was found\n" : "self-test: FAILED\n")
    if isRight, logs.isTemporary { try? FileManager.default.removeItem(at: logs.url) }
    return isRight ? Status.passed : Status.notPassed
  }

  // MARK: From settings

  private static func seed(_ values: SettingValues) -> UInt64 {
    values[HarnessSettings.seed].map { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
  }

  private static func judge(_ values: SettingValues) -> Judge {
    Judge(
      guarantee: values[HarnessSettings.guarantee].guarantee, settle: values[HarnessSettings.settle],
      clockTolerance: values[HarnessSettings.clockTolerance])
  }

  private static func options(_ values: SettingValues, seed: UInt64, logs: URL) throws -> FaultRun.Options {
    let brokers = values[HarnessSettings.brokers].joined(separator: ",")
    let beside = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("sentiment-worker").path
    let worker = values[HarnessSettings.worker] ?? beside
    guard FileManager.default.isExecutableFile(atPath: worker) else {
      throw HarnessError("there is no program \(worker): build it, or name it with --worker")
    }
    var environment = [
      // Each of several workers at a time has a port of its own.
      "SENTIMENT_HTTP_LISTEN": "127.0.0.1:0",
      "SENTIMENT_TEST_FAIL_MARKER": Feed.failureMarker,
      "SENTIMENT_DELIVERY_STATE_DIRECTORY": logs.appendingPathComponent("state").path,
    ]
    var arguments = ["run", "--log-format", "text", "--delivery", values[HarnessSettings.guarantee].rawValue]
    switch values[HarnessSettings.model] {
    case .constant: environment["SENTIMENT_TEST_CONSTANT_LABEL"] = "Positive"
    case .int8: arguments += ["--precision", "int8", "--lanes", "1"]
    }
    // After the others, so that they win.
    arguments += values[HarnessSettings.workerArguments]
    return FaultRun.Options(
      brokers: brokers, workerBrokers: values[HarnessSettings.proxyPort].map { "127.0.0.1:\($0)" } ?? brokers, seed: seed,
      shape: HarnessSettings.shape(values), partitions: values[HarnessSettings.partitions], rate: values[HarnessSettings.rate],
      keys: values[HarnessSettings.keys], worker: [worker] + arguments, environment: environment,
      stopLimit: values[HarnessSettings.stopLimit], drainLimit: values[HarnessSettings.drainLimit], quietTime: .seconds(5),
      broker: BrokerControl(
        stop: values[HarnessSettings.stopCommand], kill: values[HarnessSettings.killCommand],
        start: values[HarnessSettings.startCommand], log: logs.appendingPathComponent("broker-commands.log")),
      logDirectory: logs)
  }

  private static func logDirectory(_ values: SettingValues) throws -> (url: URL, isTemporary: Bool) {
    let given = values[HarnessSettings.logDirectory].map { URL(fileURLWithPath: $0, isDirectory: true) }
    let url =
      given ?? FileManager.default.temporaryDirectory.appendingPathComponent("fault-harness-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return (url, given == nil)
  }

  /// The proxy, once it is sure that workers cannot go past it.
  private static func proxy(_ values: SettingValues) throws -> ConnectionProxy? {
    guard let port = values[HarnessSettings.proxyPort].flatMap({ UInt16(exactly: $0) }),
      let target = values[HarnessSettings.proxyTarget].flatMap({ UInt16(exactly: $0) })
    else { return nil }
    let proxy = try ConnectionProxy(port: port, target: target)
    let metadata = try AdminClient.reach(
      KafkaConfiguration(["bootstrap.servers": "127.0.0.1:\(port)"]), topics: [], timeout: .seconds(20))
    for broker in metadata.brokers where broker.port != Int(port) {
      proxy.end()
      throw HarnessError(
        "broker \(broker.id) advertises \(broker.host):\(broker.port) at port \(target), so that workers would go past the proxy: "
          + "give it a listener there whose advertised address is 127.0.0.1:\(port)")
    }
    return proxy
  }

  // MARK: Output

  private static func write(_ report: Report, _ values: SettingValues) throws {
    let json = report.json + [UInt8(ascii: "\n")]
    switch values[HarnessSettings.json] {
    case "-":
      printError(report.text)
      FileHandle.standardOutput.write(Data(json))
    case let file?:
      try Data(json).write(to: URL(fileURLWithPath: file))
      fallthrough
    case nil: print(report.text + "\n")
    }
  }

  @discardableResult
  private static func print(_ text: String) -> Int32 {
    FileHandle.standardOutput.write(Data(text.utf8))
    return Status.passed
  }

  @Sendable private static func printError(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// SIGTERM and Ctrl-C end a run in order: workers are ended, the broker is started again, and there is no verdict of success.
private final class Signals {
  private let sources: [any DispatchSourceSignal]

  init(_ stop: StopFlag) {
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { stop.raise() }
      source.resume()
      return source
    }
  }

  func cancel() { for source in sources { source.cancel() } }
}
