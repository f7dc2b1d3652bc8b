/// Finds the review's text in a message's value, or says why there is none to label.
struct ReviewDecoder: Sendable {
  enum Format: Sendable, Equatable {
    /// The value is the text, in UTF-8.
    case text
    /// The value is a JSON document with the text, a string, at the pointer.
    case json(JSONPointer)
  }

  enum Result: Sendable, Equatable {
    case review(Review)
    case unusable(Unusable)
  }

  /// Larger than any message a Kafka broker takes by default (1 MiB), small enough for many to be in flight.
  static let defaultMaximumBytes = 16 << 20

  private let format: Format
  private let maximumBytes: Int
  private let maximumDepth: Int
  /// The text's pointer and, for enrichment, the member and what tells our own one from others'.
  private let pointers: [JSONPointer]
  private let enrichedMember: String?

  /// - Parameters:
  ///   - enrichedMember: the name of the member that enriching adds to the document; nil if it will not be enriched. Enriching
  ///     needs format `json`: with `text` every value is unusable as `not-an-object`.
  ///   - maximumBytes: the largest value that is looked at.
  ///   - maximumDepth: how many JSON arrays and objects may lie inside each other.
  init(
    format: Format, enrichedMember: String? = nil, maximumBytes: Int = defaultMaximumBytes,
    maximumDepth: Int = JSONText.defaultMaximumDepth
  ) {
    self.format = format
    self.enrichedMember = enrichedMember
    self.maximumBytes = maximumBytes
    self.maximumDepth = maximumDepth
    var pointers: [JSONPointer] = []
    if case .json(let pointer) = format { pointers.append(pointer) }
    if let enrichedMember {
      pointers.append(JSONPointer(members: [enrichedMember]))
      pointers.append(JSONPointer(members: [enrichedMember] + ResultEncoder.ownMark))
    }
    self.pointers = pointers
  }

  /// - Parameter value: the message's value; nil for a null one.
  func decode(_ value: Span<UInt8>?) -> Result {
    guard let value else { return .unusable(.tombstone) }
    do throws(Unusable) {
      guard value.count <= maximumBytes else {
        throw Unusable(reason: .tooLarge, detail: "\(value.count) bytes, more than the maximum of \(maximumBytes)")
      }
      switch format {
      case .text: return .review(try decodeText(value))
      case .json(let pointer): return .review(try decodeJSON(value, pointer))
      }
    } catch {
      return .unusable(error)
    }
  }

  private func decodeText(_ value: Span<UInt8>) throws(Unusable) -> Review {
    if enrichedMember != nil {
      throw Unusable(reason: .notAnObject, detail: "plain text cannot be enriched: the format must be json")
    }
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: value)
    } catch {
      throw Unusable(JSONTextError(kind: .notUTF8, offset: error.byteOffsets.lowerBound))
    }
    return Review(text: try unlessBlank(.inPlace(0..<value.count), in: value), splice: nil)
  }

  private func decodeJSON(_ value: Span<UInt8>, _ pointer: JSONPointer) throws(Unusable) -> Review {
    let scan: JSONScan
    do throws(JSONTextError) {
      scan = try JSONText.scan(value, for: pointers, maximumDepth: maximumDepth)
    } catch {
      throw Self.unusable(error, value)
    }
    let text = try string(scan.matches[0].value, at: pointer, in: value)
    let splice = enrichedMember == nil ? nil : try splicePoint(scan, in: value)
    return Review(text: try unlessBlank(text, in: value), splice: splice)
  }

  private func string(
    _ found: JSONValue?, at pointer: JSONPointer, in value: Span<UInt8>
  ) throws(Unusable) -> ReviewText {
    guard let found else { throw Unusable(reason: .fieldMissing, detail: "nothing at '\(pointer)'") }
    guard found.kind == .string else {
      throw Unusable(reason: .notAString, detail: "\(found.kind.rawValue) at '\(pointer)'")
    }
    guard found.hasEscapes else { return .inPlace(found.content) }
    do throws(JSONTextError) {
      return .decoded(try JSONText.unescape(value, content: found.content))
    } catch {
      throw Unusable(error)
    }
  }

  /// Where the enrichment goes. A member of that name that this program wrote is replaced, so that a topic that is enriched
  /// already can be labelled anew; one that it did not write is somebody's data and is never touched.
  private func splicePoint(_ scan: JSONScan, in value: Span<UInt8>) throws(Unusable) -> SplicePoint {
    guard scan.root.kind == .object else {
      throw Unusable(reason: .notAnObject, detail: "\(scan.root.kind.rawValue) where an object should be")
    }
    let member = scan.matches[1]
    let mark = scan.matches[2]
    if let previous = member.value {
      guard member.occurrences == 1, mark.value?.kind == .string else {
        throw Unusable(
          reason: .memberExists,
          detail: "member at byte \(previous.range.lowerBound) was not written by this program: configure another name")
      }
      return .replace(previous.range)
    }
    var end = scan.root.range.upperBound - 1
    if scan.rootIsEmpty { return .insert(at: end, afterMember: false) }
    while [0x20, 0x09, 0x0A, 0x0D].contains(value[end - 1]) { end -= 1 }
    return .insert(at: end, afterMember: true)
  }

  private func unlessBlank(_ text: ReviewText, in value: Span<UInt8>) throws(Unusable) -> ReviewText {
    if text.withUTF8(in: value, BlankText.isBlank) {
      throw Unusable(reason: .blank, detail: text.byteCount == 0 ? "empty text" : "white space alone (bytes: \(text.byteCount))")
    }
    return text
  }

  private static func unusable(_ error: JSONTextError, _ value: Span<UInt8>) -> Unusable {
    let unusable = Unusable(error)
    // A zero byte and a schema id of four precede what Confluent's serializers write.
    guard unusable.reason == .notJSON, value.count > 5, value[0] == 0 else { return unusable }
    return Unusable(reason: .notJSON, detail: unusable.detail + " (looks framed by a Confluent serializer)")
  }
}
