import TestSupport

/// Random JSON documents, written in every way that RFC 8259 allows.
struct RandomJSON {
  var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(seed: seed) }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

  mutating func document() -> String { space() + value(depth: 0) + space() }

  mutating func object(depth: Int = 0) -> String {
    // Names differ, as Foundation and this program need not agree on which of equal ones counts.
    let members = (0..<below(5)).map { "\"k\($0)" + string().dropFirst() + space() + ":" + space() + value(depth: depth + 1) }
    return "{" + space() + members.joined(separator: space() + "," + space()) + space() + "}"
  }

  mutating func string() -> String {
    var text = "\""
    for _ in 0..<below(8) {
      switch below(6) {
      case 0: text += ["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"].randomElement(using: &random) ?? ""
      case 1: text += "\\u" + ["0041", "00e9", "20AC", "D83D\\uDE00", "0000"].randomElement(using: &random)!
      case 2: text += ["é", "€", "😀", "\u{2028}", "\u{301}"].randomElement(using: &random)!
      default: text += String(Unicode.Scalar(UInt8(0x61 + below(26))))
      }
    }
    return text + "\""
  }

  private mutating func value(depth: Int) -> String {
    switch below(depth < 5 ? 9 : 6) {
    case 0: string()
    case 1: number()
    case 2: ["true", "false", "null"].randomElement(using: &random)!
    case 3: "[]"
    case 4: "{}"
    case 5: string()
    case 6: object(depth: depth)
    default: array(depth: depth)
    }
  }

  private mutating func array(depth: Int) -> String {
    let elements = (0..<below(5)).map { _ in value(depth: depth + 1) }
    return "[" + space() + elements.joined(separator: space() + "," + space()) + space() + "]"
  }

  private mutating func number() -> String {
    var number = below(2) == 0 ? "-" : ""
    number += below(3) == 0 ? "0" : "\(1 + below(99_999))"
    if below(2) == 0 { number += ".\(below(1000))" }
    if below(3) == 0 { number += ["e", "E"][below(2)] + ["", "+", "-"][below(3)] + "\(below(30))" }
    return number
  }

  private mutating func space() -> String { below(3) == 0 ? [" ", "\n", "\t", "\r\n"][below(4)] : "" }
}
