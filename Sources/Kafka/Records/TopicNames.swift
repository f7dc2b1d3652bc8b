internal import CRdKafka

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Topic names as Swift strings, made once per topic instead of once per record.
///
/// A consumer reads few topics, usually many records of one in a row: the last one is tried first, then the others.
/// Names are compared, not topic pointers, which librdkafka may give to another topic after a deletion.
struct TopicNames {
  private var names: [(c: [CChar], string: String)] = []
  private var last = 0

  mutating func name(of topic: OpaquePointer?) -> String {
    guard let topic, let name = rd_kafka_topic_name(topic) else { return "" }
    if last < names.count, strcmp(names[last].c, name) == 0 { return names[last].string }
    if let index = names.firstIndex(where: { strcmp($0.c, name) == 0 }) {
      last = index
    } else {
      last = names.count
      names.append((Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)), String(cString: name)))
    }
    return names[last].string
  }
}
