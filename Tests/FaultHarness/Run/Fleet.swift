import Foundation
import Telemetry
import TestSupport

/// The workers: starts them, starts them again when they end, and does to them what faults ask for.
///
/// Thread-safe. Two faults on one worker must not overlap; the run sees to that.
final class Fleet: Sendable {
  /// How workers are started.
  struct Plan: Sendable {
    /// The program and all arguments.
    var command: [String]
    var environment: [String: String]
    var logDirectory: URL
    /// How long a worker may take to end after SIGTERM.
    var stopLimit: Duration
  }

  private struct Slot {
    var process: ChildProcess?
    /// A fault, and not the supervision, is to start it again.
    var isHeld = false
  }

  private struct State {
    var slots: [Slot]
    var exits: [WorkerExit] = []
    var isStopping = false
  }

  private let plan: Plan
  private let state: Locked<State>
  private let supervision = StopFlag()

  init(_ plan: Plan, workers: Int) {
    self.plan = plan
    state = Locked(State(slots: Array(repeating: Slot(), count: workers)))
  }

  /// What ended without being asked to, or not as asked.
  var exits: [WorkerExit] { state.withLock { $0.exits } }

  func start() throws {
    for index in state.withLock({ $0.slots.indices }) { try launch(index) }
    Thread.detachNewThread { [self] in supervise() }
  }

  /// Starts or ends so many workers, at the same time, that `count` are left.
  func scale(to count: Int) throws {
    let surplus = state.withLock { state in
      let surplus = state.slots.enumerated().dropFirst(count).compactMap { index, slot in
        slot.process.map { (Self.name(index), $0) }
      }
      let now = state.slots.count
      if count < now { state.slots.removeLast(now - count) }
      return surplus
    }
    for (_, process) in surplus { process.send(SIGTERM) }
    for (name, process) in surplus { noteStop(of: process, name) }
    while state.withLock({ $0.slots.count < count }) {
      let index = state.withLock { state in
        state.slots.append(Slot(isHeld: true))
        return state.slots.count - 1
      }
      try launch(index)
      state.withLock { $0.slots[index].isHeld = false }
    }
  }

  /// Ends all workers in order; those that do not end in time are killed.
  func stop() {
    supervision.raise()
    let processes = state.withLock { state in
      state.isStopping = true
      return state.slots.enumerated().compactMap { index, slot in slot.process.map { (Self.name(index), $0) } }
    }
    for (_, process) in processes { process.send(SIGTERM) }
    for (name, process) in processes { noteStop(of: process, name) }
  }

  /// kill -9 for all.
  func killAll() {
    supervision.raise()
    state.withLock { state in
      state.isStopping = true
      for slot in state.slots { slot.process?.send(SIGKILL) }
    }
  }

  // MARK: Faults

  func kill(_ index: Int, downFor hold: Duration, _ stop: StopFlag) throws {
    try whileHeld(index) { process in
      // One that ended by itself a moment ago is not this fault's doing.
      if let end = process.end { note(end, of: process, Self.name(index)) }
      process.send(SIGKILL)
      _ = process.waitForEnd(.seconds(10))
      stop.wait(hold)
    }
  }

  func restart(_ index: Int, downFor hold: Duration, _ stop: StopFlag) throws {
    try whileHeld(index) { process in
      process.send(SIGTERM)
      noteStop(of: process, Self.name(index))
      stop.wait(hold)
    }
  }

  func freeze(_ index: Int, for hold: Duration, _ stop: StopFlag) {
    guard let process = state.withLock({ $0.slots[index].process }) else { return }
    process.send(SIGSTOP)
    stop.wait(hold)
    process.send(SIGCONT)
  }

  /// Another member comes and goes after `life`.
  func visit(_ name: String, life: Duration, isKilled: Bool, _ stop: StopFlag) throws {
    let process = try ChildProcess(plan.command, environment: plan.environment, log: log(name))
    defer { process.send(SIGKILL) }
    stop.wait(life)
    if isKilled { return }
    process.send(SIGTERM)
    noteStop(of: process, name)
  }

  private func whileHeld(_ index: Int, _ body: (ChildProcess) -> Void) throws {
    let process = state.withLock { state in
      state.slots[index].isHeld = true
      return state.slots[index].process
    }
    defer { state.withLock { $0.slots[index].isHeld = false } }
    if let process { body(process) }
    try launch(index)
  }

  // MARK: Starting and watching

  private static func name(_ index: Int) -> String { "worker-\(index + 1)" }
  private func log(_ name: String) -> URL { plan.logDirectory.appendingPathComponent(name + ".log") }

  private func launch(_ index: Int) throws {
    // Under the lock, so that nothing is started after `stop` has looked.
    try state.withLock { state in
      if state.isStopping { return }
      state.slots[index].process = try ChildProcess(
        plan.command, environment: plan.environment, log: log(Self.name(index)))
    }
  }

  /// A supervisor as in production: what ended is started again, after a moment.
  private func supervise() {
    while supervision.wait(.milliseconds(200)) {
      for index in state.withLock({ $0.slots.indices }) {
        let slot = state.withLock { $0.slots.indices.contains(index) ? $0.slots[index] : Slot() }
        guard !slot.isHeld, let process = slot.process, let end = process.end else { continue }
        note(end, of: process, Self.name(index))
        supervision.wait(.milliseconds(500))
        // A fault may have taken it over meanwhile; it then starts it again.
        let isStill = state.withLock { state in
          state.slots.indices.contains(index) && state.slots[index].process === process && !state.slots[index].isHeld
        }
        if isStill { try? launch(index) }
      }
    }
  }

  private func noteStop(of process: ChildProcess, _ name: String) {
    guard let end = process.waitForEnd(plan.stopLimit) else {
      let words = process.lastWords
      state.withLock { $0.exits.append(WorkerExit(worker: name, at: WallClock.now, how: .didNotStop, lastWords: words)) }
      process.send(SIGKILL)
      _ = process.waitForEnd(.seconds(10))
      return
    }
    // Before a program has run its first lines, SIGTERM ends it as it ends any; a worker that listens to it has said something.
    let isNew = end == .signal(SIGTERM) && process.lastWords.isEmpty
    if end != .status(0), !isNew { note(end, of: process, name) }
  }

  private func note(_ end: ChildProcess.End, of process: ChildProcess, _ name: String) {
    let how: WorkerExit.How =
      switch end {
      case .status(let status): .status(status)
      case .signal(let number): .signal(number)
      }
    let exit = WorkerExit(worker: name, at: WallClock.now, how: how, lastWords: process.lastWords)
    state.withLock { $0.exits.append(exit) }
  }
}
