import Kafka

extension [TopicPartition] {
  /// `reviews [0, 1, 5]`, for the log.
  var summary: String {
    Dictionary(grouping: self, by: \.topic).sorted { $0.key < $1.key }
      .map { topic, partitions in "\(topic) \(partitions.map(\.partition).sorted())" }.joined(separator: ", ")
  }
}
