import Telemetry

/// Writes a text's answer as one line of JSON.
struct AnswerJSON {
  var labels: [String]
  /// Token ids and logits too.
  var isDetailed: Bool

  /// One JSON object, without a newline.
  func encode(_ text: TextPipeline.Text, _ answer: TextPipeline.Answer) -> [UInt8] {
    var json = JSONWriter(reservingCapacity: 256)
    json.object { json in
      switch answer {
      case .labelled(let labelling, let tokenised):
        Verdict(labels: labels, labelling, tokenised).writeMembers(to: &json)
        if isDetailed {
          json.key("ids")
          json.array { json in for id in tokenised.ids { json.value(id) } }
          json.key("logits")
          json.array { json in for logit in labelling.logits { json.value(logit) } }
        }
      case .failed(let reason, let detail): Self.writeFailure(line: text.line, reason: reason, detail: detail, to: &json)
      }
    }
    return json.bytes
  }

  /// The members of an error line, into an object that is open.
  static func writeFailure(line: Int, reason: String, detail: String, to json: inout JSONWriter) {
    json.member("line", line)
    json.key("error")
    json.object { json in
      json.member("reason", reason)
      json.member("detail", detail)
    }
  }
}

/// Writes answers as a table for people: one row a text, in columns of fixed width, so that rows can be shown as they come.
struct AnswerTable {
  var labels: [String]
  /// Columns of the terminal.
  var width: Int

  private var labelWidth: Int { max(5, labels.map(\.count).max() ?? 0) }

  var header: String { row("#", "label", "confidence", "tokens", "text") }

  func row(_ text: TextPipeline.Text, _ answer: TextPipeline.Answer) -> String {
    switch answer {
    case .labelled(let labelling, let tokenised):
      let verdict = Verdict(labels: labels, labelling, tokenised)
      return row(
        text.number, label: verdict.label, confidence: verdict.confidence, tokens: verdict.tokens, isTruncated: verdict.truncated,
        text: text.bytes)
    case .failed(let reason, let detail): return row(text.number, failure: "not labelled: \(reason): \(detail)")
    }
  }

  func row(_ number: Int, label: String, confidence: Float, tokens: Int, isTruncated: Bool, text: [UInt8]) -> String {
    row(String(number), label, percent(confidence), isTruncated ? "\(tokens)+" : String(tokens), preview(text))
  }

  /// A row that says why there is no label: whole, however wide the terminal is.
  func row(_ number: Int, failure: String) -> String { start(String(number), "-", "-", "-") + failure.onOneLine }

  private func row(_ number: String, _ label: String, _ confidence: String, _ tokens: String, _ text: String) -> String {
    let start = start(number, label.onOneLine, confidence, tokens)
    return start + text.prefix(max(20, width - start.count))
  }

  private func start(_ number: String, _ label: String, _ confidence: String, _ tokens: String) -> String {
    "\(right(number, 5))  \(left(label, labelWidth))  \(right(confidence, 10))  \(right(tokens, 6))  "
  }

  /// Down to a tenth of a percent, and never rounded up to certainty.
  private func percent(_ probability: Float) -> String {
    let tenths = min(Int((probability * 1000).rounded()), probability < 1 ? 999 : 1000)
    return "\(tenths / 10).\(tenths % 10) %"
  }

  /// The start of a text, on one line.
  private func preview(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix(width * 4), as: UTF8.self).onOneLine }

  private func left(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
  private func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
}

extension String {
  /// With a space for every character that could begin a line, move a terminal's cursor or turn the text's direction.
  var onOneLine: String {
    var line = ""
    for scalar in unicodeScalars {
      let isVisible =
        !(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029)
      line.unicodeScalars.append(isVisible && scalar.properties.generalCategory != .format ? scalar : " ")
    }
    return line
  }
}
