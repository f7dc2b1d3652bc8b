import DistilBERT
import Foundation
import ModelHub
import Settings
import Telemetry

/// `model info`: what a directory is, and the memory it takes.
struct ModelInfoCommand {
  let values: SettingValues
  let directory: URL
  let terminal: Terminal

  func run() throws -> Int32 {
    let facts = try ModelFacts(directory: directory, batchTokens: values[WorkerSettings.batchTokens])
    switch values[ModelSettings.output] {
    case .text: return terminal.print(facts.text(width: terminal.helpWidth))
    case .json: return terminal.write(facts.json() + [UInt8(ascii: "\n")]) ? ExitStatus.success : ExitStatus.failure
    }
  }
}

/// What there is to know of a model's directory.
struct ModelFacts {
  struct Memory {
    var precision: Precision
    /// What is computed in.
    var effective: Precision
    var weightBytes: Int
    /// Of each lane besides.
    var laneBytes: Int
  }

  var name: String
  var fingerprint: String
  var directory: String
  var manifest: ModelManifest?
  var configuration: ModelConfiguration
  var storedWeights: [String: Int]
  var memory: [Memory]
  var tokenizer: WordPieceTokenizer
  /// The file that the vocabulary is read from.
  var vocabularyFile: String
  var maximumTokens: Int
  var remarks: [String]

  /// Loads the model at each precision, one after another: that is how much memory each takes.
  /// - Parameter batchTokens: the most tokens of a batch, which a lane's workspace is made for.
  /// - Throws: `WorkerError` of kind `model`.
  init(directory: URL, batchTokens: Int) throws {
    self.directory = directory.path
    do {
      manifest = try ModelManifest(directory: directory)
      let tokens = try ModelTokenizer(directory: directory)
      tokenizer = try WordPieceTokenizer(directory: directory)
      maximumTokens = tokens.maximumTokens
      let first = try Model(directory: directory)
      (name, fingerprint, configuration, storedWeights) = (
        first.name, first.fingerprint, first.configuration, first.storedWeights
      )
      remarks = first.remarks + tokens.remarks
      memory = [try Self.memory(first, max(batchTokens, tokens.maximumTokens))]
      let hasTokenizerFile = FileManager.default.fileExists(atPath: directory.appendingPathComponent("tokenizer.json").path)
      vocabularyFile = hasTokenizerFile ? "tokenizer.json" : "vocab.txt"
    } catch let error as WorkerError {
      throw error
    } catch let error as HubError {
      throw WorkerError(error) ?? error as any Error
    } catch {
      throw WorkerError(.model, "\(error)")
    }
    for precision in Precision.allCases where precision != .f32 {
      do throws(ModelError) {
        let model = try Model(directory: directory, precision: precision)
        memory.append(try Self.memory(model, max(batchTokens, maximumTokens)))
        remarks += model.remarks.filter { !remarks.contains($0) }
      } catch {
        // The other precisions may still be of use.
        remarks.append("\(precision.rawValue): \(error)")
      }
    }
  }

  private static func memory(_ model: Model, _ tokens: Int) throws(ModelError) -> Memory {
    Memory(
      precision: model.precision, effective: model.effectivePrecision, weightBytes: model.weightBytes,
      laneBytes: try Lane(model: model, maximumTokens: tokens).workspaceBytes)
  }

  // MARK: Text

  func text(width: Int) -> String {
    var lines: [String] = []
    func add(_ name: String, _ text: String) {
      for (index, line) in text.split(separator: "\n").enumerated() {
        lines += FigureTable.wrapped(index == 0 ? name : "", String(line).onOneLine, width: width)
      }
    }
    add("model", name)
    add("directory", directory)
    add("fingerprint", fingerprint)
    add("source", source)
    add("labels", labels.map { "\($0) = \($1)" }.joined(separator: ", "))
    let c = configuration
    add(
      "size",
      "\(Figures.decimal(Double(c.parameterCount) / 1e6, 1)) M parameters: \(c.layers) layers, \(c.dimension) wide, \(c.heads) heads, feed-forward \(c.hiddenDimension), \(c.activation.rawValue)"
    )
    add(
      "stored as",
      storedWeights.sorted { $0.key < $1.key }.map { "\($0.key) (\(Figures.decimal(Double($0.value) / 1e6, 1)) M)" }.joined(
        separator: ", "))
    add("memory", memory.map(line).joined(separator: "\n"))
    add("tokeniser", tokeniser)
    add("reads", "\(maximumTokens) tokens of a text")
    for remark in remarks { add("remark", remark) }
    return lines.joined(separator: "\n")
  }

  private var labels: [(Int, String)] { Array(configuration.labels.enumerated()).map { ($0.offset, $0.element) } }

  private var source: String {
    guard let manifest else { return "not known: no \(ModelManifest.fileName), so not fetched by this program" }
    return manifest.source.map { "\($0.repository) at \($0.revision), from \($0.hub)" } ?? "comes with the program"
  }

  private func line(_ memory: Memory) -> String {
    let note = memory.effective == memory.precision ? "" : " (computed in \(memory.effective.rawValue) on this CPU)"
    return
      "\(memory.precision.rawValue): \(Figures.megabytes(memory.weightBytes)), and \(Figures.megabytes(memory.laneBytes)) a lane\(note)"
  }

  private var tokeniser: String {
    let options = tokenizer.options
    let words = [
      options.lowercase ? "lower case" : "case kept",
      options.stripAccents ?? options.lowercase ? "accents removed" : "accents kept",
      options.tokenizeChineseCharacters ? "CJK ideographs apart" : "CJK ideographs together",
    ]
    return
      "WordPiece, \(Figures.decimal(Double(tokenizer.vocabularyCount), 0)) tokens from \(vocabularyFile); \(words.joined(separator: ", "))"
  }

  // MARK: JSON

  /// One document; members are added, never renamed, within a version.
  func json() -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("version", 1)
      json.member("name", name)
      json.member("fingerprint", fingerprint)
      json.member("directory", directory)
      if let source = manifest?.source {
        json.key("source")
        json.object { json in
          json.member("hub", source.hub)
          json.member("repository", source.repository)
          json.member("revision", source.revision)
        }
      }
      json.key("labels")
      json.array { json in for label in configuration.labels { json.value(label) } }
      json.member("parameters", configuration.parameterCount)
      json.member("layers", configuration.layers)
      json.member("dimension", configuration.dimension)
      json.member("heads", configuration.heads)
      json.member("hidden_dimension", configuration.hiddenDimension)
      json.member("activation", configuration.activation.rawValue)
      json.member("max_tokens", maximumTokens)
      json.key("stored_weights")
      json.object { json in for (type, count) in storedWeights.sorted(by: { $0.key < $1.key }) { json.member(type, count) } }
      json.key("memory")
      json.object { json in for entry in memory { write(entry, to: &json) } }
      json.key("tokenizer")
      json.object { json in
        json.member("kind", "WordPiece")
        json.member("file", vocabularyFile)
        json.member("vocabulary", tokenizer.vocabularyCount)
        json.member("lowercase", tokenizer.options.lowercase)
        json.member("strip_accents", tokenizer.options.stripAccents ?? tokenizer.options.lowercase)
        json.member("clean_text", tokenizer.options.cleanText)
        json.member("tokenize_chinese_chars", tokenizer.options.tokenizeChineseCharacters)
      }
      json.key("remarks")
      json.array { json in for remark in remarks { json.value(remark) } }
    }
    return json.bytes
  }

  private func write(_ memory: Memory, to json: inout JSONWriter) {
    json.key(memory.precision.rawValue)
    json.object { json in
      json.member("computed_in", memory.effective.rawValue)
      json.member("weight_bytes", memory.weightBytes)
      json.member("lane_bytes", memory.laneBytes)
    }
  }
}
