/// Log lines for people: `2026-01-31T23:59:59.042Z warning broker is down broker=b1:9092 attempts=3`.
///
/// One event is one line: control characters and line separators in message and values are escaped (`\n`, `\u{1B}`), so that no
/// message can forge a line or reach the terminal's controls. A value is quoted where it is empty or holds a space, `"` or `=`.
public struct TextLogSink: LogSink {
  private let output: LineOutput

  public init(_ output: LineOutput) { self.output = output }

  public func write(_ event: LogEvent) {
    var line = event.time.rfc3339
    line += " "
    line += event.level.rawValue
    // The longest level names are eight letters: messages begin in one column.
    line += String(repeating: " ", count: max(1, 9 - event.level.rawValue.utf8.count))
    appendEscaped(event.message, escapingQuotes: false, to: &line)
    for entry in event.metadata.entries {
      line += " "
      appendEscaped(entry.key, escapingQuotes: false, to: &line)
      line += "="
      append(entry.value, to: &line)
    }
    line += "\n"
    output.write(Array(line.utf8))
  }

  private func append(_ value: LogMetadata.Value, to line: inout String) {
    switch value {
    case .integer(let integer): line += String(integer)
    case .number(let number): line += number.description
    case .bool(let bool): line += bool ? "true" : "false"
    case .string(let string):
      let quote = string.isEmpty || string.unicodeScalars.contains { $0 == " " || $0 == "\"" || $0 == "=" }
      if quote { line += "\"" }
      appendEscaped(string, escapingQuotes: quote, to: &line)
      if quote { line += "\"" }
    }
  }

  private func appendEscaped(_ string: String, escapingQuotes: Bool, to line: inout String) {
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\n": line += "\\n"
      case "\r": line += "\\r"
      case "\t": line += "\\t"
      case "\"" where escapingQuotes: line += "\\\""
      case "\\" where escapingQuotes: line += "\\\\"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        line += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      default: line.unicodeScalars.append(scalar)
      }
    }
  }
}

/// Log lines for machines: one JSON object a line, `time`, `level` and `message` first, then the metadata as members beside them.
///
/// A metadata key that is one of those three names is written with an underscore behind it.
public struct JSONLogSink: LogSink {
  private let output: LineOutput

  public init(_ output: LineOutput) { self.output = output }

  public func write(_ event: LogEvent) {
    var json = JSONWriter(reservingCapacity: 256)
    json.beginObject()
    json.member("time", event.time.rfc3339)
    json.member("level", event.level.rawValue)
    json.member("message", event.message)
    for entry in event.metadata.entries {
      json.key(["time", "level", "message"].contains(entry.key) ? entry.key + "_" : entry.key)
      switch entry.value {
      case .string(let string): json.value(string)
      case .integer(let integer): json.value(integer)
      case .number(let number): json.value(number)
      case .bool(let bool): json.value(bool)
      }
    }
    json.endObject()
    output.write(json.bytes + [UInt8(ascii: "\n")])
  }
}
