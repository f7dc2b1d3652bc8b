internal import CRdKafka
internal import Dispatch
internal import Foundation

// Questions to the group that librdkafka answers when the group's own thread gets round to them.

extension Consumer {
  /// How long a group that is being left may take to answer, in seconds.
  private static let patience = 2.0

  /// An answer on its way from one thread to another.
  ///
  /// @unchecked Sendable: written before `isThere` is signalled, read after.
  private final class Letter<Answer>: @unchecked Sendable {
    var answer: Answer?
    let isThere = DispatchSemaphore(value: 0)
  }

  /// Asks the group. A group of librdkafka 2.0.2 whose topic was deleted may end while a revocation still waits in the queue, and
  /// never answers then; so a question that comes while the group is being left has a thread of its own, which is left
  /// behind with the client if need be.
  ///
  /// - Throws: `_STATE` after the group's end, `_TIMED_OUT` where no answer comes.
  func askGroup<Answer: Sendable>(_ question: @escaping @Sendable (ClientHandle) -> Answer) throws(KafkaError) -> Answer {
    let handle = try open()
    guard rd_kafka_consumer_closed(handle.client) == 0 else {
      throw KafkaError(RD_KAFKA_RESP_ERR__STATE, "The consumer has left its group.")
    }
    guard isLeaving else { return question(handle) }
    let letter = Letter<Answer>()
    Thread.detachNewThread {
      letter.answer = question(handle)
      letter.isThere.signal()
    }
    guard letter.isThere.wait(timeout: .now() + Self.patience) == .success, let answer = letter.answer else {
      handle.abandon()
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "The group gives no answer while it is being left.")
    }
    return answer
  }
}
