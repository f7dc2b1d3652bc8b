import Telemetry

/// Whether the worker gets on, for whoever asks from outside: a probe, the stats line.
///
/// The watchdog writes it at every look, so a health that nobody has written for long is bad too: then the watchdog itself
/// hangs with the rest.
final class Health: Sendable {
  private struct State: Sendable {
    var stalls: [Watchdog.Stall] = []
    /// The watchdog's last look; nil while none watches.
    var lookedAt: Nanoseconds?
  }

  private let state = Locked(State())
  /// A last look older than this is none.
  private let patience: Nanoseconds

  /// - Parameter timeout: how long a part may stand still.
  init(timeout: Duration) { patience = max(timeout.nanoseconds, 1_000_000_000) &* 2 }

  func set(_ stalls: [Watchdog.Stall], at now: Nanoseconds) {
    state.withLock { state in
      state.stalls = stalls
      state.lookedAt = now
    }
  }

  /// Nobody watches any longer: the worker ends.
  func endWatch() { state.withLock { $0 = State() } }

  /// The names of what stands still; empty in good health.
  func stalled(at now: Nanoseconds) -> [String] {
    state.withLock { state in
      if let lookedAt = state.lookedAt, now > lookedAt, now - lookedAt > patience { return ["watchdog"] }
      return state.stalls.map(\.part.name)
    }
  }

  func isGood(at now: Nanoseconds) -> Bool { stalled(at: now).isEmpty }
}
