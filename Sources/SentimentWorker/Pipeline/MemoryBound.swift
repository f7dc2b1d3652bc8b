import Kafka

/// How much memory the records on their way through the worker can take at most, in bytes: what a worker at work may take more
/// than one that is idle. docs/memory.md explains every term.
struct MemoryBound: Equatable {
  /// Fetched and not yet consumed: librdkafka's queue, and the answers of brokers that are about to fill it.
  var prefetched: Int
  /// Messages in flight, in the answers they came in.
  var messages: Int
  /// What is kept about each of them, here and by librdkafka.
  var bookkeeping: Int
  /// Token ids of those that wait for a lane or are in one.
  var tokens: Int
  /// Results that wait for their turn or for their acknowledgement, and the producer's copies of them.
  var results: Int

  var total: Int {
    [prefetched, messages, bookkeeping, tokens, results].reduce(0) { sum, part in
      let (total, overflow) = sum.addingReportingOverflow(part)
      return overflow ? .max : total
    }
  }

  /// Of the ledger's entry, the batcher's, the records and their headers, and librdkafka's of a message read and one written.
  static let bytesPerRecord = 2048
  /// What librdkafka keeps about a fetched message that is not yet consumed.
  static let bytesPerFetchedMessage = 512
  /// Of a result with a few labels, its encoding's array included.
  static let bytesPerResult = 768

  /// - Parameters:
  ///   - limits: of what may be in flight.
  ///   - prefetchBytes: `queued.max.messages.kbytes` in bytes, and what is kept about each message of `queued.min.messages`.
  ///   - answerBytes: the largest answer of a broker to a fetch.
  ///   - isEnriching: results hold their messages.
  init(limits: FlowControl.Limits, prefetchBytes: Int, answerBytes: Int, isEnriching: Bool) {
    func times(_ a: Int, _ b: Int) -> Int {
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      return overflow ? .max : product
    }
    func plus(_ a: Int, _ b: Int) -> Int {
      let (sum, overflow) = a.addingReportingOverflow(b)
      return overflow ? .max : sum
    }
    // An answer stays as long as one of its messages does; and one more may be on its way when a bound is reached.
    prefetched = plus(prefetchBytes, answerBytes)
    messages = plus(limits.bytes, times(answerBytes, 2))
    bookkeeping = times(limits.records, Self.bytesPerRecord)
    // Arrays of ids grow by doubling.
    tokens = times(limits.tokens, 2 * MemoryLayout<Int32>.size)
    results = times(plus(times(limits.records, Self.bytesPerResult), isEnriching ? limits.bytes : 0), 2)
  }
}

extension MemoryBound {
  /// - Parameter partitions: of the input topic.
  init(_ options: WorkerOptions, partitions: Int) {
    // librdkafka's own defaults where nothing is set.
    func number(_ name: String, default standard: Int) -> Int { options.consumer[name].flatMap { Int($0) } ?? standard }
    let (prefetch, overflow) = number("queued.max.messages.kbytes", default: 65536).multipliedReportingOverflow(by: 1024)
    let messages = number("queued.min.messages", default: 100_000).multipliedReportingOverflow(by: Self.bytesPerFetchedMessage)
    let kept = messages.partialValue.multipliedReportingOverflow(by: partitions)
    let fetched = prefetch.addingReportingOverflow(kept.partialValue)
    let isUnbounded = overflow || messages.overflow || kept.overflow || fetched.overflow
    let share = number("fetch.message.max.bytes", default: number("max.partition.fetch.bytes", default: 1_048_576))
    let (shares, isHuge) = share.multipliedReportingOverflow(by: partitions)
    self.init(
      limits: options.inFlight, prefetchBytes: isUnbounded ? .max : fetched.partialValue,
      answerBytes: min(number("fetch.max.bytes", default: 52_428_800), isHuge ? .max : shares),
      isEnriching: options.outputFormat == .enrich)
  }
}
