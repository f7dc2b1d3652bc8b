internal import CRdKafka
internal import Dispatch
internal import Foundation
import Synchronization

/// Owns one librdkafka client and the order in which its parts are destroyed.
///
/// Everything that points into the client's memory (records, wakers, the client classes) keeps a strong reference to this
/// handle, so that the client goes last. `deinit` then, in this order:
///
/// 1. topic objects of a producer (each holds a reference that `rd_kafka_destroy` would wait for),
/// 2. the queue reference that wakers use,
/// 3. the client itself; its threads end here and with them all callbacks,
/// 4. the callback context, which the client's `opaque` pointed to until now.
///
/// Records come before all of that: each destroys its message before it lets go of this handle. A message that outlives
/// its client would make `rd_kafka_destroy` hang.
///
/// `rd_kafka_destroy` has a thread of its own, and whoever lets go of the last reference waits for it, usually milliseconds and
/// never longer than some seconds.
///
/// @unchecked Sendable: the pointers never change, librdkafka's own functions are thread-safe, and the topics are behind
/// a mutex.
final class ClientHandle: @unchecked Sendable {
  let client: OpaquePointer
  let context: CallbackContext
  private let handlers: ClientHandlers
  /// What a consumer's poll serves; the main queue of a producer.
  let queue: OpaquePointer?
  private let topics = Mutex<[String: ProducerTopic]>([:])
  /// The group could not be left in time: librdkafka goes on trying, and destroying the client waits for it.
  private let isAbandoned = Atomic<Bool>(false)

  /// A topic object of a producer; owned by the handle.
  struct ProducerTopic: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  init(_ role: ClientRole, _ configuration: KafkaConfiguration, handlers: ClientHandlers) throws(KafkaError) {
    // With a log queue, the log is served by polling like everything else, instead of by librdkafka's threads.
    let native = try configuration.merging(["log.queue": "true"]).makeNative(for: role)
    let context = CallbackContext()
    context.install(in: native, role: role)

    var text = [CChar](repeating: 0, count: 512)
    let type = role == .consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER
    guard let client = rd_kafka_new(type, native, &text, text.count) else {
      let code = rd_kafka_last_error()
      rd_kafka_conf_destroy(native)  // rd_kafka_new takes it over only when it succeeds
      throw KafkaError(code, Self.withoutSecrets(String(truncating: text), configuration))
    }
    self.client = client
    self.context = context
    self.handlers = handlers
    rd_kafka_set_log_queue(client, nil)
    if role == .consumer, rd_kafka_poll_set_consumer(client) == RD_KAFKA_RESP_ERR_NO_ERROR {
      queue = rd_kafka_queue_get_consumer(client)
    } else {
      queue = rd_kafka_queue_get_main(client)
    }
  }

  deinit {
    for topic in topics.withLock({ Array($0.values) }) { rd_kafka_topic_destroy(topic.pointer) }
    if let queue { rd_kafka_queue_destroy(queue) }
    let remains = Remains(client: client, context: context)
    let isGone = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      remains.destroy()
      isGone.signal()
    }
    // An abandoned one may take as long as the brokers are away; nobody waits for that, least of all the end of the process.
    if !isAbandoned.load(ordering: .relaxed) { _ = isGone.wait(timeout: .now() + Self.patience) }
  }

  /// How long destroying a client may hold up whoever lets go of it, in seconds. librdkafka 2.0.2 never ends it for a consumer
  /// whose topic was deleted: the broker's thread waits for partitions that are gone.
  private static let patience = 5.0

  /// What goes last.
  ///
  /// @unchecked Sendable: whoever destroys it is the only one left to use it.
  private struct Remains: @unchecked Sendable {
    let client: OpaquePointer
    let context: CallbackContext

    func destroy() {
      // Leaving the group is `Consumer.close`'s affair: here no callback may run any more.
      rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
      withExtendedLifetime(context) {}
    }
  }

  /// The client will not be closed in good order: its end must not block whoever lets go of it.
  func abandon() { isAbandoned.store(true, ordering: .relaxed) }

  /// Passes on what the callbacks noted. Call it after each call that serves librdkafka's queues.
  func dispatch(committed: (CommitResult) -> Void = { _ in }) {
    guard let pending = context.takePending() else { return }
    if let log = handlers.log { pending.logs.forEach(log) }
    if let error = handlers.error { pending.errors.forEach(error) }
    if let statistics = handlers.statistics { pending.statistics.forEach(statistics) }
    pending.commits.forEach(committed)
  }

  /// Makes a poll that waits, or else the next one, return at once. From any thread.
  func wake() {
    if let queue { rd_kafka_queue_yield(queue) }
  }

  /// The topic object for a name, made at its first use.
  func topic(_ name: String) throws(KafkaError) -> ProducerTopic {
    if let known = topics.withLock({ $0[name] }) { return known }
    if name.utf8.contains(0) { throw .invalidArgument("A topic name cannot contain a NUL character.") }
    let made: ProducerTopic? = topics.withLock { topics in
      if let known = topics[name] { return known }
      guard let pointer = rd_kafka_topic_new(client, name, nil) else { return nil }
      topics[name] = ProducerTopic(pointer: pointer)
      return topics[name]
    }
    guard let made else { throw KafkaError(rd_kafka_last_error(), "Topic '\(name)' cannot be used.") }
    return made
  }

  /// The first fatal error of this client, after which it is of no further use.
  var fatalCondition: KafkaError? { Self.fatalCondition(of: client) }

  static func fatalCondition(of client: OpaquePointer) -> KafkaError? {
    var text = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_fatal_error(client, &text, text.count)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return KafkaError(code, String(truncating: text), isFatal: true, isRetriable: false)
  }

  private static func withoutSecrets(_ text: String, _ configuration: KafkaConfiguration) -> String {
    configuration.properties.reduce(text) { text, property in
      KafkaConfiguration.isSecret(property.key) && !property.value.isEmpty
        ? text.replacing(property.value, with: KafkaConfiguration.redaction) : text
    }
  }
}
