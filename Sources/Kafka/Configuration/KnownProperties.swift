internal import CRdKafka

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The properties that the loaded librdkafka knows, read from the table that it prints of itself.
///
/// `rd_kafka_conf_dump` would be simpler, but leaves out every property without a default: passwords and
/// `bootstrap.servers` among them.
struct KnownProperties: Sendable {
  static let shared = KnownProperties(table: printedTable())

  private struct Property {
    var concernsConsumer: Bool
    var concernsProducer: Bool
    var range: String
    var aliasOf: String?
  }
  private var properties: [String: Property] = [:]

  /// Reads lines of the form `name | C/P | range | default | importance | description`.
  init(table: String) {
    for line in table.split(separator: "\n") {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false)
        .map { $0.trimmingSpaces() }
      guard cells.count >= 6, ["*", "C", "P"].contains(cells[1]) else { continue }
      let description = cells[5...].joined(separator: "|")
      // Pointers and callbacks have no textual form.
      if description.contains("see dedicated API") { continue }
      let name = cells[0]
      let isAlias = description.hasPrefix("Alias for `")
      let aliasOf = isAlias ? description.dropFirst("Alias for `".count).prefix { $0 != "`" } : nil
      let found = properties[name]
      properties[name] = Property(
        concernsConsumer: cells[1] != "P" || found?.concernsConsumer == true,
        concernsProducer: cells[1] != "C" || found?.concernsProducer == true,
        range: found?.range ?? cells[2], aliasOf: found == nil ? aliasOf.map(String.init) : found?.aliasOf)
    }
  }

  var names: [String] { properties.keys.sorted() }

  func contains(_ name: String) -> Bool { properties[name] != nil }

  /// Whether clients of this role use the property. Unknown ones count, so that librdkafka can refuse them.
  func concerns(_ role: ClientRole, _ name: String) -> Bool {
    guard let property = properties[name] else { return true }
    return role == .consumer ? property.concernsConsumer : property.concernsProducer
  }

  /// The name that librdkafka itself uses for an alias (`linger.ms` is `queue.buffering.max.ms`).
  func canonicalName(of name: String) -> String { properties[name]?.aliasOf ?? name }

  /// The range or the list of values, as librdkafka prints it; nil where anything goes.
  func allowedValues(of name: String) -> String? {
    guard let range = properties[name]?.range, !range.isEmpty else { return nil }
    return range
  }

  /// The known property with the smallest edit distance, if it is near enough to be what was meant.
  func nearest(to name: String) -> String? {
    let wanted = Array(name.lowercased().replacing("_", with: ".").utf8.prefix(200))
    let candidates = properties.keys.map { (name: $0, distance: Self.editDistance(wanted, Array($0.utf8))) }
    guard let best = candidates.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
    return best.distance <= max(2, wanted.count / 4) ? best.name : nil
  }

  /// Levenshtein's distance in bytes.
  static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let above = row[j + 1]
        row[j + 1] = min(diagonal + (a[i] == b[j] ? 0 : 1), min(above, row[j]) + 1)
        diagonal = above
      }
    }
    return row[b.count]
  }

  /// librdkafka prints its table to a C stream only; this one writes to memory.
  private static func printedTable() -> String {
    var memory: UnsafeMutablePointer<CChar>?
    var size = 0
    guard let stream = open_memstream(&memory, &size) else { return "" }
    rd_kafka_conf_properties_show(stream)
    fclose(stream)  // `memory` and `size` are final only now, and ours to free
    guard let memory else { return "" }
    defer { free(memory) }
    return memory.withMemoryRebound(to: UInt8.self, capacity: size) { bytes in
      String(decoding: UnsafeBufferPointer(start: bytes, count: size), as: UTF8.self)
    }
  }
}

extension Substring {
  fileprivate func trimmingSpaces() -> String {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
