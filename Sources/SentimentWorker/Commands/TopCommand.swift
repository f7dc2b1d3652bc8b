import Foundation
import Settings
import Telemetry

/// `top`: a live view of workers.
struct TopCommand {
  let values: SettingValues
  let arguments: [String]
  let terminal: Terminal

  func run() throws -> Int32 {
    let sources = (arguments.isEmpty ? ["127.0.0.1:9464"] : arguments).map { TopSource($0) }
    let interval = values[TopSettings.interval]
    if values[TopSettings.once] {
      let threads = sources.map { source in JoinableThread(name: "top") { source.look() } }
      for thread in threads { thread.join() }
      let workers = sources.map(\.now)
      terminal.print(frame(workers, [], height: .max).joined(separator: "\n"))
      return workers.allSatisfy { $0.trouble == nil } ? ExitStatus.success : ExitStatus.failure
    }
    guard terminal.isOutputTerminal else {
      throw WorkerError(.usage, "standard output is no terminal: --once prints one view")
    }
    let threads = sources.map { $0.start(interval: interval) }
    defer {
      for source in sources { source.end() }
      for thread in threads { thread.join() }
    }
    show(sources, every: interval)
    return ExitStatus.success
  }

  private func show(_ sources: [TopSource], every interval: Duration) {
    let stop = StopRequest()
    let signals = StopSignals { _ in stop.make() }
    let keyboard = KeyboardInput()
    // The alternate screen, without a cursor: what was there comes back.
    _ = terminal.write(Array("\u{1B}[?1049h\u{1B}[?25l".utf8))
    defer {
      _ = terminal.write(Array("\u{1B}[?25h\u{1B}[?1049l".utf8))
      keyboard.restore()
      signals.cancel()
    }
    var history: [Double] = []
    var next = MonotonicClock.now
    while !stop.isMade {
      let workers = sources.map(\.now)
      if MonotonicClock.now >= next {
        next = MonotonicClock.now &+ interval.nanoseconds
        history.append(workers.reduce(0) { $0 + ($1.trouble == nil ? $1.line?.recordsPerSecond ?? 0 : 0) })
        if history.count > 1000 { history.removeFirst(500) }
      }
      let lines = frame(workers, history, height: StandardStreams.outputSize?.rows ?? 24)
      // Line by line over what is there, so that nothing flickers.
      let text = "\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J"
      guard terminal.write(Array(text.utf8)) else { return }
      // Short, so that a change of the window's size is soon followed.
      switch keyboard.key(within: 0.25) {
      case UInt8(ascii: "q"), UInt8(ascii: "Q"), 0x03, 0x04: return
      default: break
      }
    }
  }

  private func frame(_ workers: [TopFrame.Worker], _ history: [Double], height: Int) -> [String] {
    TopFrame(
      workers: workers, history: history, interval: values[TopSettings.interval].inSeconds,
      clock: String(UTCTime.now().rfc3339.dropFirst(11).prefix(8)) + " UTC", width: max(60, terminal.width), height: height
    ).text()
  }
}

/// Settings of `top`: matters of one invocation.
enum TopSettings {
  static let interval = Setting<Duration>(
    "top.interval", flag: "interval", default: .seconds(2), allowed: .range(.milliseconds(200) ... .seconds(3600)),
    summary: "Time between two looks at the workers.", commandLineOnly: true)
  static let once = Setting<Bool>(
    "top.once", flag: "once", default: false,
    summary: "Print one view and end; the exit status is 1 if a worker does not answer.",
    commandLineOnly: true)

  static let all: [any AnySetting] = [interval, once]
}
