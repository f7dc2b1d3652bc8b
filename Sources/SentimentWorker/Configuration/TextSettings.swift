import Settings

/// Settings of the commands that label texts from the command line: not of the worker, so in no file or environment.
enum TextSettings {
  static let input = Setting<String?>(
    "texts.input", flag: "input", shortFlag: "i", default: nil, summary: "File to read texts from; - is standard input.",
    placeholder: "FILE|-", commandLineOnly: true, completes: .file)
  static let inputFormat = Setting<TextSourceFormat>(
    "texts.input-format", flag: "input-format", default: .auto,
    summary:
      "txt: a text a line; jsonl: a JSON value a line; csv: with a header row. auto goes by the file's name and the other flags.",
    commandLineOnly: true)
  static let column = Setting<String?>(
    "texts.text-column", flag: "text-column", default: nil, summary: "Column of a CSV file that holds the text.",
    placeholder: "NAME",
    defaultNote: "text", commandLineOnly: true)
  static let output = Setting<ClassifyOutput>(
    "texts.output", flag: "output", shortFlag: "o", default: .table, summary: "A table for people, or JSON Lines for programs.",
    commandLineOnly: true)
  static let detail = Setting<Bool>(
    "texts.detail", flag: "detail", default: false, summary: "Adds token ids and logits to JSON Lines.", commandLineOnly: true)
  static let progress = Setting<Bool?>(
    "texts.progress", flag: "progress", default: nil, summary: "A progress bar with rate and time left, on standard error.",
    defaultNote: "on a terminal", commandLineOnly: true)

  static let all: [any AnySetting] = [input, inputFormat, column, output, detail, progress]
}

enum ClassifyOutput: String, SettingChoice { case table, jsonl }
enum TextSourceFormat: String, SettingChoice { case auto, txt, jsonl, csv }
