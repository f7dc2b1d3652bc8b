import Foundation
import Kafka
import Telemetry

/// One run against a broker: feeds, starts workers, injects the faults of the schedule, waits until everything is done, and reads
/// what came of it. Judging is `Judge`'s.
final class FaultRun: Sendable {
  struct Options: Sendable {
    /// For this program's own clients, past the proxy.
    var brokers: String
    /// For the workers: the proxy, where there is one.
    var workerBrokers: String
    var seed: UInt64
    var shape: Schedule.Shape
    var partitions: Int
    var rate: Int
    var keys: Int
    /// The worker's program and first arguments; topics, group and brokers are added.
    var worker: [String]
    var environment: [String: String]
    var stopLimit: Duration
    var drainLimit: Duration
    /// How long to feed where there are no faults; after each change of the number of workers, where there are such.
    var quietTime: Duration
    /// Numbers of workers after the first one, one after the other.
    var scaling: [Int] = []
    var broker: BrokerControl
    var logDirectory: URL
  }

  struct Result: Sendable {
    var observations: Observations
    var begin: WallMilliseconds
    var changes: [PodChange] = []
    /// When the last record was fed.
    var fedUntil: WallMilliseconds
  }

  private let options: Options
  private let proxy: ConnectionProxy?
  private let stop: StopFlag
  private let say: @Sendable (String) -> Void
  private let topics: (input: String, output: String, deadLetter: String)
  private let group: String
  private let schedule: Schedule
  private let injected = Locked<[InjectedFault]>([])
  private let troubles = Locked<[String]>([])

  /// - Parameters:
  ///   - stop: raised when the run is to be given up.
  ///   - say: told what happens, a line each.
  init(_ options: Options, proxy: ConnectionProxy?, stop: StopFlag, say: @escaping @Sendable (String) -> Void) {
    self.options = options
    self.proxy = proxy
    self.stop = stop
    self.say = say
    let run = "faults-\(options.seed)-\(String(UInt32.random(in: 0 ... .max), radix: 36))"
    topics = ("\(run)-reviews", "\(run)-labels", "\(run)-dead-letters")
    group = run
    schedule = Schedule(seed: options.seed, shape: options.shape)
  }

  /// - Throws: `HarnessError` or `KafkaError` where no run could be made, or not to its end.
  func run() throws -> Result {
    try createTopics()
    let feed = Feed(seed: options.seed, keys: options.keys)
    let feeder = Feeder(feed: feed, topic: topics.input, rate: options.rate, brokers: options.brokers)
    let sampler = OffsetSampler(brokers: options.brokers, group: group, topic: topics.input, partitions: options.partitions)
    let fleet = Fleet(
      Fleet.Plan(
        command: options.worker + workerArguments, environment: options.environment, logDirectory: options.logDirectory,
        stopLimit: options.stopLimit),
      workers: options.shape.workers)
    feeder.start()
    sampler.start()
    defer { fleet.killAll() }
    try fleet.start()
    try waitForFirstCommit(sampler, fleet)
    let begin = WallClock.now

    inject(feed, feeder, fleet, begin)
    if schedule.faults.isEmpty { stop.wait(options.quietTime) }
    let changes = try scale(fleet)
    calm()
    let fedUntil = WallClock.now
    feeder.finish(within: .seconds(130))
    if let failure = feeder.failure { note(failure) }
    waitUntilDrained(sampler)
    say("stopping the workers")
    fleet.stop()
    let final = sampler.last
    _ = stop.wait(atMost: .seconds(10)) { sampler.last != final }
    sampler.stop()

    // What was cut short looks like loss.
    if stop.isRaised { throw HarnessError("interrupted: no verdict") }
    say("reading what came out")
    var observations = try observe(sampler)
    observations.acknowledged = feeder.acknowledged
    observations.exits = fleet.exits
    return Result(observations: observations, begin: begin, changes: changes, fedUntil: fedUntil)
  }

  private func note(_ trouble: String) {
    say("trouble: \(trouble)")
    troubles.withLock { $0.append(trouble) }
  }

  // MARK: Setting up

  private func createTopics() throws {
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": options.brokers]))
    // Append times by the broker's clock are what outcomes are compared with commits and faults by.
    let timed = ["message.timestamp.type": "LogAppendTime"]
    let failures = try admin.createTopics(
      [
        .init(topics.input, partitionCount: options.partitions),
        .init(topics.output, partitionCount: options.partitions, configuration: timed),
        .init(topics.deadLetter, partitionCount: options.partitions, configuration: timed),
      ], timeout: .seconds(30))
    if let (topic, error) = failures.first { throw HarnessError("topic \(topic) cannot be created: \(error)") }
    // A consumer that comes before the broker knows the topic joins its group for nothing, and looks again minutes later.
    let all = [topics.input, topics.output, topics.deadLetter]
    let isThere = stop.wait(atMost: .seconds(30)) {
      guard let seen = try? admin.metadata(topics: all, timeout: .seconds(5)).topics else { return false }
      return seen.allSatisfy { topic in
        topic.error == nil && topic.partitions.count == options.partitions && topic.partitions.allSatisfy { $0.leader != nil }
      }
    }
    guard isThere else { throw HarnessError("the topics that were created did not appear within 30 s") }
    say("topics \(topics.input), \(topics.output), \(topics.deadLetter); group \(group)")
  }

  private var workerArguments: [String] {
    [
      "--brokers", options.workerBrokers, "--group", group, "--input-topic", topics.input, "--output-topic", topics.output,
      "--dead-letter-topic", topics.deadLetter, "--kafka", "session.timeout.ms=\(options.shape.sessionTimeout.inMilliseconds)",
      "--kafka", "heartbeat.interval.ms=\(max(1, options.shape.sessionTimeout.inMilliseconds / 10))",
    ]
  }

  private func waitForFirstCommit(_ sampler: OffsetSampler, _ fleet: Fleet) throws {
    let isThere = stop.wait(atMost: .seconds(90)) { sampler.last.map { $0.offsets.values.contains { $0 > 0 } } ?? false }
    guard !isThere else { return }
    if stop.isRaised { throw HarnessError("interrupted before the first fault") }
    var words = fleet.exits.last.map { " (\($0.worker): \($0.lastWords))" } ?? ""
    if sampler.last == nil { words += " (the broker did not answer what is committed)" }
    throw HarnessError("the workers committed nothing within 90 s\(words); their logs are in \(options.logDirectory.path)")
  }

  // MARK: Faults

  /// Injects every fault at its time, or as soon after it as its target is free and has had its rest. Faults on different targets overlap.
  private func inject(_ feed: Feed, _ feeder: Feeder, _ fleet: Fleet, _ begin: WallMilliseconds) {
    let start = ContinuousClock.now
    let queues = Dictionary(grouping: schedule.faults, by: \.target)
    let left = Locked(queues.count)
    let finished = StopFlag()
    if queues.isEmpty { return }
    for (_, faults) in queues {
      Thread.detachNewThread { [self] in
        for fault in faults {
          stop.wait(max(.zero, start.advanced(by: fault.at) - .now))
          if stop.isRaised { break }
          perform(fault, feed, feeder, fleet, begin)
          stop.wait(fault.kind.rest)
        }
        let rest = left.withLock { left in
          left -= 1
          return left
        }
        if rest == 0 { finished.raise() }
      }
    }
    while finished.wait(.seconds(3600)) {}
  }

  private func perform(_ fault: Fault, _ feed: Feed, _ feeder: Feeder, _ fleet: Fleet, _ begin: WallMilliseconds) {
    let from = WallClock.now
    say("\(seconds(from - begin)) fault \(fault.number): \(fault)")
    do {
      switch (fault.kind, fault.target) {
      case (.workerKill, .worker(let index)): try fleet.kill(index, downFor: fault.hold, stop)
      case (.workerRestart, .worker(let index)): try fleet.restart(index, downFor: fault.hold, stop)
      case (.workerFreeze, .worker(let index)): fleet.freeze(index, for: fault.hold, stop)
      case (.memberStorm, _): try storm(fault, fleet)
      case (.brokerRestart, _): try breakBroker(by: options.broker.stop, fault.hold)
      case (.brokerKill, _): try breakBroker(by: options.broker.kill, fault.hold)
      case (.connectionCut, _):
        proxy?.refuse(true)
        proxy?.cut()
        stop.wait(fault.hold)
        proxy?.refuse(false)
      case (.connectionSlow, _):
        proxy?.slow(by: fault.delay)
        stop.wait(fault.hold)
        proxy?.slow(by: .zero)
      case (.poison, _): feeder.add(feed.poison(fault: fault.number))
      case (.modelError, _): feeder.add(feed.modelErrors(fault: fault.number, count: fault.count))
      default: throw HarnessError("a schedule with a \(fault.kind.rawValue) of a target that it cannot have")
      }
      injected.withLock { $0.append(InjectedFault(fault: fault, start: from, end: WallClock.now)) }
    } catch {
      note("fault \(fault.number), \(fault): \(error)")
    }
  }

  private func storm(_ fault: Fault, _ fleet: Fleet) throws {
    let left = Locked(fault.count)
    let failure = Locked<String?>(nil)
    for visitor in 0..<fault.count {
      Thread.detachNewThread { [self] in
        defer { left.withLock { $0 -= 1 } }
        do {
          // The last comers stay longest, so that members join and leave at different times; every second one is killed.
          stop.wait(fault.hold * visitor / 2)
          try fleet.visit(
            "visitor-\(fault.number)-\(visitor + 1)", life: fault.hold * (visitor + 1), isKilled: visitor % 2 == 1, stop)
        } catch {
          failure.withLock { $0 = "\(error)" }
        }
      }
    }
    _ = stop.wait(atMost: .seconds(180)) { left.withLock { $0 == 0 } }
    if let failure = failure.withLock({ $0 }) { throw HarnessError(failure) }
  }

  private func breakBroker(by command: String?, _ hold: Duration) throws {
    // Started again even where stopping it failed.
    let failure: (any Error)?
    do {
      try options.broker.run(command)
      failure = nil
    } catch {
      failure = error
    }
    stop.wait(hold)
    try options.broker.run(options.broker.start)
    if let failure { throw failure }
  }

  private func seconds(_ milliseconds: Int64) -> String {
    let tenths = max(0, milliseconds) / 100
    return "+\(tenths / 10).\(tenths % 10) s"
  }

  // MARK: Scaling

  private func scale(_ fleet: Fleet) throws -> [PodChange] {
    var changes: [PodChange] = []
    var count = options.shape.workers
    for next in options.scaling where !stop.isRaised {
      say("\(count) to \(next) workers")
      changes.append(PodChange(from: count, to: next, at: WallClock.now))
      try fleet.scale(to: next)
      count = next
      stop.wait(options.quietTime)
    }
    return changes
  }

  // MARK: Afterwards

  private func calm() {
    proxy?.refuse(false)
    proxy?.slow(by: .zero)
    say("all faults are over; waiting until everything is labelled")
  }

  /// Waits until the group has committed the end of every partition. Where that does not happen in time, the verdict tells.
  private func waitUntilDrained(_ sampler: OffsetSampler) {
    let ends: [Int32: Int64]
    do {
      ends = try TopicReading(brokers: options.brokers, limit: .seconds(60)).ends(
        of: topics.input, partitions: options.partitions)
    } catch {
      return note("the input topic's ends: \(error)")
    }
    let isDone = stop.wait(atMost: options.drainLimit) {
      guard let offsets = sampler.last?.offsets else { return false }
      return ends.allSatisfy { $0.value == 0 || offsets[$0.key] == $0.value }
    }
    if !isDone { say("not everything was committed within \(options.drainLimit)") }
  }

  private func observe(_ sampler: OffsetSampler) throws -> Observations {
    var observations = Observations()
    let reading = TopicReading(brokers: options.brokers, limit: .seconds(120))
    let input = try reading.records(of: topics.input, partitions: options.partitions)
    observations.inputs = input.records.compactMap(TopicReading.input)
    observations.foreignInputs = input.records.count - observations.inputs.count
    observations.logEnds = input.ends
    for (topic, kind) in [(topics.output, OutcomeRecord.Topic.output), (topics.deadLetter, .deadLetter)] {
      let read = try reading.records(of: topic, partitions: options.partitions)
      observations.outcomes += read.records.map { TopicReading.outcome($0, kind) }
    }
    observations.samples = sampler.all
    observations.committed = sampler.last?.offsets ?? [:]
    observations.plannedFaults = schedule.faults.count
    observations.faults = injected.withLock { $0 }.sorted { $0.start < $1.start }
    observations.troubles = troubles.withLock { $0 }
    return observations
  }
}
