/// Texts that come one after another, to be labelled or tokenised without Kafka.
protocol TextSource {
  /// The next text, or what is wrong with it; nil at the end. Every text has its answer, in order, whatever came before.
  /// - Throws: ``ByteSourceError`` where reading itself fails; nothing comes after it.
  mutating func next() throws -> TextItem?
}

/// One text of a source.
struct TextItem: Sendable, Equatable {
  /// Which text of the source, from 1; a CSV file's header is none.
  let number: Int
  /// The line on which it begins, from 1.
  let line: Int
  /// The text in UTF-8, not blank; or why there is none to label.
  let text: Result<[UInt8], TextSourceError>
  /// What the source says its label is, where it was asked for and is there: a text, or a number as it is written.
  var label: String? = nil
}

/// Why a line or row of a source has no text to label.
struct TextSourceError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What of all is wrong; ``name`` is stable.
  enum Reason: Sendable, Equatable {
    case unusable(Unusable.Reason)
    /// Quotes of a CSV row that RFC 4180 does not know.
    case malformedRow
    /// A CSV row with more or fewer fields than the header.
    case raggedRow

    /// In kebab case.
    var name: String {
      switch self {
      case .unusable(let reason): reason.rawValue
      case .malformedRow: "malformed-row"
      case .raggedRow: "ragged-row"
      }
    }
  }

  let reason: Reason
  /// The line on which the text begins, from 1.
  let line: Int
  /// For people; holds nothing of the text.
  let detail: String

  var description: String { "line \(line): \(reason.name): \(detail)" }
}

/// The UTF-8 byte order mark, which some editors put before a file's first character.
let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
