/// What a message was before it was dead-lettered, by the headers that it came back with. A replay of the dead-letter topic labels
/// it as that.
struct DeadLetterOrigin: Sendable, Equatable {
  /// Where it was first read.
  let source: MessageSource
  /// How often it has been tried, at least once.
  let attempts: Int
  /// Its value was left where it was read, since it was too large for the dead-letter topic.
  let isValueOmitted: Bool

  /// - Returns: nil for a message that was not dead-lettered: nothing, or nothing sensible, says where it came from.
  /// - Parameter timestamp: the message's own, where its headers name none.
  init?(_ headers: [DeadLetter.Header], timestamp: Int64?) {
    func text(_ name: String) -> String? {
      headers.last { $0.name == DeadLetter.headerPrefix + name }?.value.flatMap { String(validating: $0, as: UTF8.self) }
    }
    guard let topic = text("source-topic"), !topic.isEmpty,
      let partition = text("source-partition").flatMap({ Int32($0) }), partition >= 0,
      let offset = text("source-offset").flatMap({ Int64($0) }), offset >= 0
    else { return nil }
    let time = text("source-timestamp").flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    source = MessageSource(topic: topic, partition: partition, offset: offset, timestamp: time ?? timestamp)
    attempts = max(1, DeadLetter.attempts(in: headers))
    isValueOmitted = headers.contains { $0.name == DeadLetter.valueOmittedHeader }
  }
}
