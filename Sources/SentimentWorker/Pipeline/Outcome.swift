import Kafka

/// A consumed record on its way through the pipeline.
struct ReviewRecord: Sendable {
  let message: ConsumerRecord
  /// Where enrichment goes in the message's value; nil if none was asked for, or if it cannot be labelled.
  let splice: SplicePoint?

  var source: MessageSource { message.source }
}

extension ConsumerRecord {
  var source: MessageSource { MessageSource(topic: topic, partition: partition, offset: offset, timestamp: timestamp) }
}

/// What goes out for a record.
enum Outcome: Sendable {
  /// A labelled review: the bytes of the result, and what the counters need of it.
  case result(value: [UInt8], label: Int, confidence: Float, tokens: Int)
  /// Goes to the output topic as it is: a tombstone, or what the policies let through.
  case passThrough(reason: Unusable.Reason)
  /// Nothing is written: the policies leave it out.
  case skip(reason: Unusable.Reason)
  /// Nothing is written, nor counted as skipped: the replay does not ask for it.
  case leaveOut
  /// A record that cannot be labelled: its own bytes go to the dead-letter topic, with headers that say why.
  case deadLetter(DeadLetter)
  /// A dead letter that its topic does not take whole: it goes without the message's value, which stays where its headers say.
  case deadLetterWithoutValue(DeadLetter)

  /// Whether anything of it goes to a broker, who then acknowledges it.
  var isWritten: Bool {
    switch self {
    case .skip, .leaveOut: false
    case .result, .passThrough, .deadLetter, .deadLetterWithoutValue: true
    }
  }
}
