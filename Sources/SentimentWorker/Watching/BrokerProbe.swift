import Kafka
import Telemetry

/// Asks the brokers now and then whether they are there, on a thread and a connection of its own: librdkafka tells when
/// brokers go, but not when they are back.
final class BrokerProbe: Sendable {
  private let options: WorkerOptions
  private let interval: Duration
  private let note: @Sendable (_ isReached: Bool) -> Void
  private let isEnded = Monitor(false)

  /// - Parameters:
  ///   - patience: how long brokers may be away; asked for several times in that time.
  ///   - note: gets each answer.
  init(options: WorkerOptions, patience: Duration, note: @escaping @Sendable (_ isReached: Bool) -> Void) {
    self.options = options
    interval = max(min(patience / 4, .seconds(5)), .milliseconds(100))
    self.note = note
  }

  /// Its thread ends soon after `end`: at most with the question under way.
  func start() -> JoinableThread { JoinableThread(name: "broker-probe") { self.run() } }

  func end() { isEnded.update { $0 = true } }

  private func run() {
    // Properties that librdkafka refuses were refused before.
    guard let admin = try? AdminClient(configuration: options.producer) else { return }
    repeat {
      let answer = try? admin.metadata(topics: options.inputTopics, timeout: max(interval, .seconds(1)))
      note(answer != nil)
    } while isEnded.wait(until: MonotonicClock.now &+ interval.nanoseconds, for: { isEnded, _ in isEnded ? true : nil }) == nil
  }
}
