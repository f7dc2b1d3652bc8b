import Foundation
import Settings
import Telemetry

/// The texts that a command line names: its arguments, a file, or standard input.
struct TextInput {
  private var source: any TextSource
  /// Bytes of the whole input, for a progress bar; nil where it is not known.
  let totalBytes: Int?
  /// Bytes read so far.
  let bytesRead: Counter

  /// - Throws: `WorkerError` of kind `usage` where there is nothing to read, or no such file or column.
  init(values: SettingValues, arguments: [String]) throws {
    let counter = Counter()
    bytesRead = counter
    let input = values[TextSettings.input]
    guard arguments.isEmpty || input == nil else {
      throw WorkerError(.usage, "texts come either as arguments or from --input, not from both")
    }
    if !arguments.isEmpty {
      source = ArgumentTextSource(arguments)
      totalBytes = nil
      return
    }
    guard let input else {
      throw WorkerError(.usage, "nothing to read: give texts as arguments, or --input FILE, or --input - for standard input")
    }
    let format = try Self.format(values, input: input)
    let bytes = input == "-" ? ByteSource.standardInput : try ByteSource.file(input)
    totalBytes = input == "-" ? nil : try? FileManager.default.attributesOfItem(atPath: input)[.size] as? Int
    let counted = ByteSource { maxBytes in
      let chunk = try bytes.read(maxBytes)
      counter.increment(by: chunk?.count ?? 0)
      return chunk
    }
    switch format {
    case .csv: source = try CSVTextSource(counted, column: values[TextSettings.column] ?? "text")
    case .jsonl: source = LineTextSource(counted, format: .json(try JSONPointer(values[WorkerSettings.textPointer])))
    case .txt, .auto: source = LineTextSource(counted, format: .text)
    }
  }

  /// As set; else by what the other flags say; else by the file's name.
  private static func format(_ values: SettingValues, input: String) throws -> TextSourceFormat {
    let isColumnGiven = values[TextSettings.column] != nil
    guard values[TextSettings.inputFormat] == .auto else {
      if isColumnGiven, values[TextSettings.inputFormat] != .csv {
        throw WorkerError(.usage, "--text-column goes with --input-format csv, not \(values[TextSettings.inputFormat].rawValue)")
      }
      return values[TextSettings.inputFormat]
    }
    if isColumnGiven { return .csv }
    switch URL(fileURLWithPath: input).pathExtension.lowercased() {
    case "csv": return .csv
    case "jsonl", "ndjson", "json": return .jsonl
    default:
      if case .flag = values.source(of: WorkerSettings.textPointer) { return .jsonl }
      return .txt
    }
  }

  /// The next text, or why there is none in its place; nil at the end.
  /// - Throws: `ByteSourceError` where reading fails.
  mutating func next() throws -> TextItem? { try source.next() }
}

/// Texts from the command line.
private struct ArgumentTextSource: TextSource {
  private let texts: [String]
  private var number = 0
  private let decoder = ReviewDecoder(format: .text)

  init(_ texts: [String]) { self.texts = texts }

  mutating func next() -> TextItem? {
    guard number < texts.count else { return nil }
    number += 1
    return TextItem(number: number, line: number, text: decoder.text(of: Array(texts[number - 1].utf8), line: number))
  }
}
