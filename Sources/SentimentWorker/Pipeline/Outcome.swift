import Kafka

/// A consumed record on its way through the pipeline.
struct ReviewRecord: Sendable {
  let message: ConsumerRecord
  /// Where enrichment goes in the message's value; nil if none was asked for, or if it cannot be labelled.
  var splice: SplicePoint?
  /// What it was before, if it is a dead letter that goes round again.
  var origin: DeadLetterOrigin?

  /// Where the review comes from: its dead letters are not its source.
  var source: MessageSource { origin?.source ?? message.source }
}

extension ConsumerRecord {
  /// What its headers say that it was, if it is a dead letter.
  var deadLetterOrigin: DeadLetterOrigin? {
    hasHeaders ? DeadLetterOrigin(headers.map { ($0.name, $0.value) }, timestamp: timestamp) : nil
  }

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
