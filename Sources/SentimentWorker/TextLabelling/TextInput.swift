import Foundation
import Settings
import Telemetry

/// The texts that a command line names: its arguments, a file, or standard input.
struct TextInput {
  private var source: any TextSource
  /// Bytes of the whole input, for a progress bar; nil where it is not known.
  let totalBytes: Int?
  /// Whether this is a file named like a single JSON document, which is yet read as one a line.
  private let isOneDocument: Bool
  /// Bytes read so far.
  let bytesRead: Counter

  /// - Parameter labelField: the JSON member or CSV column that may hold the texts' labels; nil to read none.
  /// - Throws: `WorkerError` of kind `usage` where there is nothing to read, or no such file or column.
  init(values: SettingValues, arguments: [String], labelField: String? = nil) throws {
    let counter = Counter()
    bytesRead = counter
    let input = values[TextSettings.input]
    guard arguments.isEmpty || input == nil else {
      throw WorkerError(.usage, "texts come either as arguments or from --input, not from both")
    }
    if !arguments.isEmpty {
      try Self.refuseFlagsForFiles(values)
      source = ArgumentTextSource(arguments)
      totalBytes = nil
      isOneDocument = false
      return
    }
    guard let input else {
      throw WorkerError(.usage, "nothing to read: give texts as arguments, or --input FILE, or --input - for standard input")
    }
    let format = try Self.format(values, input: input)
    let bytes = input == "-" ? ByteSource.standardInput : try ByteSource.file(input)
    totalBytes = input == "-" ? nil : try? FileManager.default.attributesOfItem(atPath: input)[.size] as? Int
    isOneDocument = format == .jsonl && Self.pathExtension(input) == "json"
    let counted = ByteSource { maxBytes in
      let chunk = try bytes.read(maxBytes)
      counter.increment(by: chunk?.count ?? 0)
      return chunk
    }
    switch format {
    case .csv:
      source = try CSVTextSource(counted, column: values[TextSettings.column] ?? "text", labelColumn: labelField)
    case .jsonl:
      let format = ReviewDecoder.Format.json(try JSONPointer(values[WorkerSettings.textPointer]))
      source = LineTextSource(counted, format: format, labelField: labelField)
    case .txt, .auto: source = LineTextSource(counted, format: .text)
    }
  }

  /// What may explain failures of a reason; empty if nothing is known.
  func hint(for reasons: Set<String>) -> String {
    isOneDocument && reasons.contains(Unusable.Reason.notJSON.rawValue)
      ? "; the file is read as jsonl, which is one JSON document a line" : ""
  }

  private static func pathExtension(_ path: String) -> String { URL(fileURLWithPath: path).pathExtension.lowercased() }

  /// Texts from the command line are what they are: a flag that says how to find them in a file is a misunderstanding.
  private static func refuseFlagsForFiles(_ values: SettingValues) throws {
    var flags: [String] = []
    if case .flag(let flag) = values.source(of: TextSettings.inputFormat) { flags.append(flag) }
    if case .flag(let flag) = values.source(of: TextSettings.column) { flags.append(flag) }
    if case .flag(let flag) = values.source(of: WorkerSettings.textPointer) { flags.append(flag) }
    guard let flag = flags.first else { return }
    throw WorkerError(.usage, "\(flag) goes with --input: a text given as an argument is taken as it is")
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
    switch pathExtension(input) {
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
  private let texts: [[UInt8]]
  private var number = 0
  private let decoder = ReviewDecoder(format: .text)

  init(_ texts: [String]) { self.texts = ArgumentBytes.bytes(of: texts) }

  mutating func next() -> TextItem? {
    guard number < texts.count else { return nil }
    number += 1
    return TextItem(number: number, line: number, text: decoder.text(of: texts[number - 1], line: number))
  }
}
