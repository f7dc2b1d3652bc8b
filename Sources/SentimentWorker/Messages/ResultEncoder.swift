import Telemetry

/// Writes verdicts as the output topic's values: `result` records of their own, or the original document enriched.
///
/// `config/schemas/result.schema.json` and `config/schemas/enrichment.schema.json` describe both. Members are only ever added;
/// a change that readers would notice raises ``schemaVersion``.
struct ResultEncoder: Sendable {
  static let schemaVersion = 1
  /// The member that enriching adds, if no other name is configured.
  static let defaultEnrichedMember = "sentiment"
  /// Below an enriched document's member: a string here tells that this program wrote it.
  static let ownMark = ["model", "fingerprint"]

  private let model: [UInt8]
  private let enrichedMember: String

  init(model: ModelIdentity, enrichedMember: String = defaultEnrichedMember) {
    self.enrichedMember = enrichedMember
    var json = JSONWriter()
    json.object {
      $0.member("name", model.name)
      $0.member("fingerprint", model.fingerprint)
      $0.member("precision", model.precision)
    }
    self.model = json.bytes
  }

  /// A record of its own: the verdict, the model, and where the review came from.
  func result(_ verdict: Verdict, source: MessageSource) -> [UInt8] {
    var json = JSONWriter(reservingCapacity: 512)
    json.object {
      writeVerdict(verdict, to: &$0)
      $0.key("source")
      $0.object {
        $0.member("topic", source.topic)
        $0.member("partition", source.partition)
        $0.member("offset", source.offset)
        $0.key("timestamp")
        if let timestamp = source.timestamp { $0.value(timestamp) } else { $0.null() }
      }
    }
    return json.bytes
  }

  /// The original document's bytes, unchanged, with the verdict and the model as one more member of it. What ``result(_:source:)``
  /// says of the source is left out: the document with its key and headers is the source.
  /// - Parameter point: what ``ReviewDecoder`` found for these very bytes.
  func enriched(_ original: Span<UInt8>, at point: SplicePoint, with verdict: Verdict) -> [UInt8] {
    var json = JSONWriter(reservingCapacity: 512)
    if case .insert = point { json.key(enrichedMember) }
    json.object { writeVerdict(verdict, to: &$0) }

    let replaced: Range<Int>
    var needsComma = false
    switch point {
    case .insert(let offset, let afterMember):
      replaced = offset..<offset
      needsComma = afterMember
    case .replace(let range): replaced = range
    }
    var output: [UInt8] = []
    output.reserveCapacity(original.count - replaced.count + json.bytes.count + 1)
    for index in 0..<replaced.lowerBound { output.append(original[index]) }
    if needsComma { output.append(UInt8(ascii: ",")) }
    output += json.bytes
    for index in replaced.upperBound..<original.count { output.append(original[index]) }
    return output
  }

  private func writeVerdict(_ verdict: Verdict, to json: inout JSONWriter) {
    json.member("version", Self.schemaVersion)
    verdict.writeMembers(to: &json)
    json.key("model")
    json.raw(model)
  }
}

extension Verdict {
  /// Writes `label`, `confidence`, `probabilities`, `tokens` and `truncated` into an object that is open.
  func writeMembers(to json: inout JSONWriter) {
    json.member("label", label)
    json.member("confidence", confidence)
    json.key("probabilities")
    json.object {
      for (label, probability) in zip(labels, probabilities) { $0.member(label, probability) }
    }
    json.member("tokens", tokens)
    json.member("truncated", truncated)
  }
}
