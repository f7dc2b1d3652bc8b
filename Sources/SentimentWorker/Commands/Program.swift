import Foundation
import Settings

/// The program behind the command line: which command, with which settings.
public enum Program {
  /// Runs one command line and returns the exit status.
  /// - Parameter arguments: without the program's name.
  public static func main(arguments: [String], environment: [String: String]) -> Int32 {
    let terminal = Terminal()
    let status = main(arguments: arguments, environment: environment, terminal)
    guard let failure = terminal.outputFailure else { return status }
    terminal.printError("sentiment-worker: \(failure)")
    return status == ExitStatus.success ? ExitStatus.failure : status
  }

  private static func main(arguments: [String], environment: [String: String], _ terminal: Terminal) -> Int32 {
    do throws(SettingsError) {
      switch try specification.parse(arguments: arguments, environment: environment, width: terminal.helpWidth) {
      case .help(let text): return terminal.print(text)
      case .version: return terminal.print(Versions.text)
      case .completion(let script): return terminal.print(script)
      case .run(let command, let values, let arguments): return run(command, values, arguments, terminal)
      }
    } catch {
      terminal.printError("sentiment-worker: \(error)")
      return ExitStatus.usage
    }
  }

  private static func run(_ name: String, _ values: SettingValues, _ arguments: [String], _ terminal: Terminal) -> Int32 {
    do {
      switch name {
      case "run": return try RunCommand(values: values, terminal: terminal).run()
      case "replay": return try ReplayCommand(values: values, terminal: terminal).run()
      case "classify": return try ClassifyCommand(values: values, arguments: arguments, terminal: terminal).run()
      case "tokenize": return try TokenizeCommand(values: values, arguments: arguments, terminal: terminal).run()
      case "demo": return try DemoCommand(values: values, terminal: terminal).run()
      case "broker": return try BrokerCommand(values: values, terminal: terminal).run()
      case "model": return try ModelCommand(values: values, arguments: arguments, terminal: terminal).run()
      case "bench": return try BenchCommand(values: values, terminal: terminal).run()
      case "check": return try CheckCommand(values: values, terminal: terminal).run()
      default: throw WorkerError(.usage, "command \(name) is declared but not built")
      }
    } catch let error as WorkerError {
      terminal.printError("sentiment-worker: \(error)")
      return error.kind.rawValue
    } catch {
      terminal.printError("sentiment-worker: \(error)")
      // A file that cannot be read or a column that is not there is a mistake of the command line.
      return error is ByteSourceError || error is CSVHeaderError ? ExitStatus.usage : ExitStatus.failure
    }
  }
}

/// Exit statuses besides those of `WorkerError.Kind`.
enum ExitStatus {
  static let success: Int32 = 0
  /// Some of the work could not be done: a text that could not be labelled, a check that failed.
  static let failure: Int32 = 1
  static let usage = WorkerError.Kind.usage.rawValue
}
