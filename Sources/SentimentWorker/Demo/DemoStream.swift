import Kafka
import Telemetry

/// The demo's ends of the stream: what feeds reviews into the input topic, and what reads results and dead letters.
struct DemoStream {
  static let inputTopic = "reviews"
  static let outputTopic = "reviews-labelled"
  static let deadLetterTopic = "reviews-dead-letter"

  let bootstrapServers: String

  /// Messages that cannot be labelled, so that the demo shows where they go.
  static let poison: [(key: String, value: String)] = [
    ("poison-1", "this message is not JSON"), ("poison-2", #"{"id": "poison-2", "rating": 4}"#),
    ("poison-3", #"{"text": "   "}"#),
  ]

  private var configuration: KafkaConfiguration {
    KafkaConfiguration(["bootstrap.servers": bootstrapServers, "linger.ms": "1", "partitioner": "murmur2_random"])
  }

  /// Produces every review as a JSON message, with the messages that cannot be labelled among them.
  /// - Returns: how many messages were produced.
  func feed(_ reviews: [SampleReview]) throws(KafkaError) -> Int {
    var messages: [(key: String, value: [UInt8])] = reviews.map { review in
      var json = JSONWriter()
      json.object { json in
        json.member("id", review.id)
        json.member("text", review.text)
      }
      return (review.id, json.bytes)
    }
    for (index, message) in Self.poison.enumerated() {
      messages.insert((message.key, Array(message.value.utf8)), at: min(messages.count, (index + 1) * 10))
    }
    let producer = try Producer(configuration: configuration)
    var failure: KafkaError?
    for message in messages {
      try producer.send(to: Self.inputTopic, key: Array(message.key.utf8), value: message.value)
      producer.poll(timeout: .zero) { failure = failure ?? $0.error }
    }
    producer.close(flushTimeout: .seconds(10)) { failure = failure ?? $0.error }
    if let failure { throw failure }
    return messages.count
  }

  /// Why reading ended.
  enum End {
    case complete
    /// Nobody wanted more.
    case abandoned
    /// Nothing came for too long.
    case silence
  }

  /// Reads results and dead letters until `isDone`, until `isWanted` says no, or until nothing has come for `patience`.
  /// - Parameter isDone: takes each message and says whether it was the last one.
  func read(patience: Duration, while isWanted: () -> Bool, _ isDone: (ConsumerRecord) -> Bool) throws(KafkaError) -> End {
    let consumer = try Consumer(configuration: configuration.merging(["group.id": "demo-reader", "fetch.wait.max.ms": "20"]))
    var starts: [TopicPartition: Consumer.StartOffset] = [:]
    for partition in Int32(0)..<4 {
      starts[TopicPartition(topic: Self.outputTopic, partition: partition)] = .beginning
      starts[TopicPartition(topic: Self.deadLetterTopic, partition: partition)] = .beginning
    }
    try consumer.assign(starts)
    var end = End.silence
    var deadline = MonotonicClock.now &+ patience.nanoseconds
    while MonotonicClock.now < deadline {
      guard isWanted() else {
        end = .abandoned
        break
      }
      guard case .record(let record) = consumer.poll(timeout: .milliseconds(100)) else { continue }
      deadline = MonotonicClock.now &+ patience.nanoseconds
      if isDone(record) {
        end = .complete
        break
      }
    }
    try consumer.close()
    return end
  }
}
