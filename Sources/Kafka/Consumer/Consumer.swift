internal import CRdKafka

/// What one poll found.
public enum PollResult {
  case record(ConsumerRecord)
  /// The partition's end as of now was reached (only with `enable.partition.eof=true`); `offset` is the next to be written.
  case endOfPartition(TopicPartition, offset: Int64)
  /// Something is wrong with a topic, a partition or this consumer. Polling may go on unless the error `isFatal`.
  case error(KafkaError)
  case nothing
}

/// Reads records, as a member of a consumer group (`subscribe`) or of partitions of its own choice (`assign`).
///
/// Confined to one thread, which polls: it is not `Sendable`, so make it on the thread that uses it. Only its `waker`
/// may be used from others.
///
/// Unless the configuration sets them, `enable.auto.commit` and `enable.auto.offset.store` are false: an offset is
/// committed when `commit` says so.
public final class Consumer {
  /// nil once closed.
  private var handle: ClientHandle?
  private var names = TopicNames()
  private var isInRebalance = false
  /// From the first step of leaving the group on.
  private(set) var isLeaving = false
  let groupID: String
  /// Told about partitions and commits. Set it before `subscribe`.
  public weak var delegate: (any ConsumerDelegate)?
  /// Wakes this consumer's poll from another thread.
  public let waker: Waker

  /// - Parameter configuration: needs `group.id`, also where only `assign` is used.
  /// - Throws: `_INVALID_ARG` and the like when librdkafka refuses the configuration; no broker is contacted yet.
  public init(
    configuration: KafkaConfiguration, handlers: ClientHandlers = ClientHandlers(), delegate: (any ConsumerDelegate)? = nil
  ) throws(KafkaError) {
    if (configuration["group.id"] ?? "").isEmpty {
      throw .invalidArgument("Kafka property group.id is not set: a consumer needs the name of its group.")
    }
    let explicit = ["enable.auto.commit": "false", "enable.auto.offset.store": "false"]
    let handle = try ClientHandle(.consumer, configuration.withDefaults(explicit), handlers: handlers)
    self.handle = handle
    groupID = configuration["group.id"] ?? ""
    self.waker = Waker(handle: handle)
    self.delegate = delegate
    let client = handle.client
    handle.context.rebalance = { [weak self] code, partitions in
      if let self {
        self.rebalance(code, partitions, client)
      } else {
        Self.release(partitions, client)  // being deallocated: leave the group, nobody listens
      }
    }
  }

  /// A consumer that was not closed leaves its group without telling its delegate.
  deinit {
    // The delegate must not see, and perhaps retain, an object that is going away.
    try? leaveGroup(timeout: .seconds(5)) { $0.dispatch() }
  }

  func open() throws(KafkaError) -> ClientHandle {
    guard let handle else { throw .closed("consumer") }
    return handle
  }

  /// Passes on what librdkafka's callbacks noted.
  private func dispatch(_ handle: ClientHandle) {
    handle.dispatch { result in delegate?.consumer(self, committed: result) }
  }

  // MARK: Reading

  /// The next record or event; waits up to `timeout` for it, or until `waker.wake()`. Call it at least every
  /// `max.poll.interval.ms`, also when all partitions are paused.
  ///
  /// Rebalances, errors, logs and results of commits are delivered during this call.
  public func poll(timeout: Duration) -> PollResult {
    guard let handle else { return .error(.closed("consumer")) }
    if isInRebalance {
      return .error(KafkaError(RD_KAFKA_RESP_ERR__CONFLICT, "poll was called from within a rebalance; return from it first."))
    }
    let message = rd_kafka_consumer_poll(handle.client, timeout.kafkaMilliseconds)
    dispatch(handle)
    guard let message else { return .nothing }
    if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
      return .record(ConsumerRecord(message, topic: names.name(of: message.pointee.rkt), handle: handle))
    }
    defer { rd_kafka_message_destroy(message) }
    let code = message.pointee.err
    if code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
      let partition = TopicPartition(topic: names.name(of: message.pointee.rkt), partition: message.pointee.partition)
      return .endOfPartition(partition, offset: message.pointee.offset)
    }
    if code == RD_KAFKA_RESP_ERR__FATAL, let fatal = handle.fatalCondition { return .error(fatal) }
    return .error(KafkaError(code, String(orEmpty: rd_kafka_message_errstr(message))))
  }

  // MARK: Which partitions

  /// Joins the group of `group.id` to read these topics; a name that starts with `^` is a regular expression. Replaces
  /// an earlier subscription. A missing topic is reported by `poll` as an error.
  public func subscribe(topics: [String]) throws(KafkaError) {
    let list = try PartitionList(topics.map { TopicPartition(topic: $0, partition: RD_KAFKA_PARTITION_UA) })
    try KafkaError.check(rd_kafka_subscribe(open().client, list.pointer))
  }

  /// Gives the partitions back at one of the next polls and leaves the group.
  public func unsubscribe() throws(KafkaError) {
    try KafkaError.check(rd_kafka_unsubscribe(open().client))
  }

  /// Where to begin with a partition.
  public enum StartOffset: Sendable, Hashable {
    case beginning
    case end
    /// The group's committed offset; where there is none, `auto.offset.reset` decides.
    case committed
    case offset(Int64)

    fileprivate var native: Int64 {
      switch self {
      case .beginning: Int64(RD_KAFKA_OFFSET_BEGINNING)
      case .end: Int64(RD_KAFKA_OFFSET_END)
      case .committed: Int64(RD_KAFKA_OFFSET_STORED)
      case .offset(let offset): offset
      }
    }
  }

  /// Reads exactly these partitions, outside of any group's rebalancing. An empty dictionary stops reading.
  public func assign(_ starts: [TopicPartition: StartOffset]) throws(KafkaError) {
    let list = try PartitionList(starts.map { ($0.key, $0.value.native) })
    try KafkaError.check(rd_kafka_assign(open().client, starts.isEmpty ? nil : list.pointer))
  }

  /// The partitions that are read at present.
  /// - Throws: `_STATE` after the group's end, `_TIMED_OUT` where the group gives no answer while it is being left.
  public func assignment() throws(KafkaError) -> [TopicPartition] {
    let answer = try askGroup { handle -> Result<[TopicPartition], KafkaError> in
      var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
      let code = rd_kafka_assignment(handle.client, &list)
      if let error = Self.error(code) { return .failure(error) }
      return .success(list.map { PartitionList(consuming: $0).entries.map(\.partition) } ?? [])
    }
    return try answer.get()
  }

  /// Delivers no more records of these partitions until `resume`. What was prefetched of them is dropped and fetched again
  /// then, so pausing often is dear. A rebalance may end a pause: pause again in `assigned`.
  public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
    let list = try PartitionList(partitions)
    try KafkaError.check(rd_kafka_pause_partitions(open().client, list.pointer))
    try list.checkEach("Cannot pause")
  }

  /// Goes on, after the last record that was delivered, with partitions that were paused.
  public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
    let list = try PartitionList(partitions)
    try KafkaError.check(rd_kafka_resume_partitions(open().client, list.pointer))
    try list.checkEach("Cannot resume")
  }

  // MARK: The group

  /// This member's identifier in its group; nil before it has joined.
  public var memberID: String? {
    guard let handle, let text = rd_kafka_memberid(handle.client) else { return nil }
    defer { rd_kafka_mem_free(handle.client, text) }
    let id = String(cString: text)
    return id.isEmpty ? nil : id
  }

  public enum RebalanceProtocol: String, Sendable {
    case none = "NONE"
    case eager = "EAGER"
    case cooperative = "COOPERATIVE"
  }

  /// How this group rebalances; `.none` before it has joined.
  public var rebalanceProtocol: RebalanceProtocol {
    guard let handle else { return .none }
    return RebalanceProtocol(rawValue: String(orEmpty: rd_kafka_rebalance_protocol(handle.client))) ?? .none
  }

  /// The first fatal error, after which this consumer only can be closed.
  public var firstFatalError: KafkaError? { handle?.fatalCondition }

  /// The most telling connection error so far (refused login before lost connection); nil when there was none.
  public var lastConnectionError: KafkaError? { handle?.context.connectionTrouble.rootCause }

  // MARK: Closing

  /// Leaves the group, after the delegate has given up its partitions, and frees the client as soon as the last record
  /// is let go of. Closing again does nothing.
  ///
  /// - Throws: `_TIMED_OUT` if the group was not left in time. The consumer is closed all the same; the group then
  ///   waits for `session.timeout.ms` before it gives the partitions to others.
  public func close(timeout: Duration = .seconds(30)) throws(KafkaError) {
    if isInRebalance {
      throw KafkaError(RD_KAFKA_RESP_ERR__CONFLICT, "close was called from within a rebalance; return from it first.")
    }
    try leaveGroup(timeout: timeout, afterServing: dispatch)
  }

  /// Lets go of the client without ending it: its memory and threads stay until the process ends, and the group waits for
  /// `session.timeout.ms`.
  ///
  /// For a consumer whose topic was deleted: librdkafka 2.0.2, ending one, may wait for ever, or end the process by an assertion
  /// (`rd_kafka_cgrp_terminated`), because partitions are still on their way out of the assignment.
  public func abandon() {
    guard let handle else { return }
    _ = Unmanaged.passRetained(handle)
    self.handle = nil
    waker.close()
  }

  /// Serves the rebalance until librdkafka says that it is done. (`rd_kafka_consumer_close` does the same without a limit.)
  private func leaveGroup(timeout: Duration, afterServing: (ClientHandle) -> Void) throws(KafkaError) {
    guard let handle else { return }
    isLeaving = true
    defer {
      self.handle = nil
      waker.close()
    }
    guard let queue = rd_kafka_queue_new(handle.client) else { throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE) }
    defer { rd_kafka_queue_destroy(queue) }
    if let error = KafkaError(consuming: rd_kafka_consumer_close_queue(handle.client, queue)) { throw error }
    let deadline = Deadline(timeout)
    while rd_kafka_consumer_closed(handle.client) == 0 {
      if deadline.hasPassed {
        handle.abandon()
        throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "The consumer group was not left within \(timeout).")
      }
      // As events, because serving this queue by callbacks trips an assertion of librdkafka's over any record that is in it.
      if let event = rd_kafka_queue_poll(queue, deadline.slice(.milliseconds(100)).kafkaMilliseconds) {
        handle.context.serve(event)
      }
      afterServing(handle)
    }
  }
}

// MARK: - Rebalances

extension Consumer {
  /// Runs inside librdkafka's rebalance callback, on the polling thread.
  ///
  /// Revoking: first the delegate, which may still commit, then the partitions are given up; that order is what keeps
  /// another member from reading records whose offsets are about to be committed. Assigning: first the partitions, then
  /// the delegate, because only assigned partitions can be paused.
  private func rebalance(
    _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ client: OpaquePointer
  ) {
    isInRebalance = true
    defer { isInRebalance = false }
    let partitions = PartitionListEntry.all(of: list).map(\.partition)
    switch code {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
      lookUpStarts(of: partitions, list)
      if let error = Self.take(list, client) { handle?.context.noteError(error) }
      delegate?.consumer(self, assigned: partitions)
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
      if rd_kafka_assignment_lost(client) != 0 {
        delegate?.consumer(self, lost: partitions)
      } else {
        delegate?.consumer(self, revoked: partitions)
      }
      release(partitions)
    default:
      handle?.context.noteError(KafkaError(code))
      rd_kafka_assign(client, nil)
    }
  }

  /// How long an assignment may wait for offsets that are part of a transaction.
  private static let startPatience = Duration.seconds(5)

  /// Sets where the partitions begin: at their committed offsets; those without one are left to `auto.offset.reset`.
  ///
  /// Not left to librdkafka, whose version 2.0.2 loses its way when partitions are assigned anew while the answer about their offsets is
  /// under way, and that answer is to wait for a transaction: it then begins where `auto.offset.reset` says, and records that have
  /// been finished come again. A partition whose transaction lasts longer, because its owner is gone, is librdkafka's affair
  /// after all, so that it does not hold the others up.
  private func lookUpStarts(
    of partitions: [TopicPartition], _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
  ) {
    let deadline = Deadline(Self.startPatience)
    // Together, which is one request; and one by one where that fails, because one unsettled offset holds up the answer about all.
    var groups = [partitions]
    while !groups.isEmpty, let handle, rd_kafka_assignment_lost(handle.client) == 0, !deadline.hasPassed {
      var missing: [TopicPartition] = []
      for group in groups {
        do throws(KafkaError) {
          for (partition, offset) in try committed(group, timeout: deadline.slice(.milliseconds(500))) {
            rd_kafka_topic_partition_list_set_offset(list, partition.topic, partition.partition, offset)
          }
        } catch {
          guard error.isTransient else { return handle.context.noteError(error) }
          missing += group
        }
      }
      groups = missing.map { [$0] }
    }
  }

  private func release(_ partitions: [TopicPartition]) {
    do throws(KafkaError) {
      let error = try askGroup { handle -> KafkaError? in
        do throws(KafkaError) {
          let list = try PartitionList(partitions)
          return Self.release(list.pointer, handle.client)
        } catch { return error }
      }
      if let error { handle?.context.noteError(error) }
    } catch {
      // The group has ended, and nothing is left to be given up.
    }
  }

  private static func isCooperative(_ client: OpaquePointer) -> Bool {
    String(orEmpty: rd_kafka_rebalance_protocol(client)) == RebalanceProtocol.cooperative.rawValue
  }

  private static func take(
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ client: OpaquePointer
  ) -> KafkaError? {
    if isCooperative(client), let list { return KafkaError(consuming: rd_kafka_incremental_assign(client, list)) }
    return error(rd_kafka_assign(client, list))
  }

  @discardableResult
  private static func release(
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ client: OpaquePointer
  ) -> KafkaError? {
    if isCooperative(client), let list { return KafkaError(consuming: rd_kafka_incremental_unassign(client, list)) }
    return error(rd_kafka_assign(client, nil))
  }

  private static func error(_ code: rd_kafka_resp_err_t) -> KafkaError? {
    code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code)
  }
}
