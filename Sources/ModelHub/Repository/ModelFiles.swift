/// The files of a repository that the engine reads, and what it takes to run at all. Nothing else is fetched, so that no name
/// from a listing ever becomes a path.
enum ModelFiles {
  struct Rule {
    let name: String
    /// Bytes; a larger file is no such file.
    let limit: Int
    let isRequired: Bool
  }

  static let weights = "model.safetensors"

  /// In the order in which they are fetched: what tells whether the model can be run comes before the weights.
  static let rules = [
    Rule(name: "config.json", limit: 16 << 20, isRequired: true),
    Rule(name: "tokenizer_config.json", limit: 16 << 20, isRequired: false),
    Rule(name: "added_tokens.json", limit: 16 << 20, isRequired: false),
    Rule(name: "vocab.txt", limit: 64 << 20, isRequired: false),
    Rule(name: "tokenizer.json", limit: 64 << 20, isRequired: false),
    Rule(name: weights, limit: 32 << 30, isRequired: true),
  ]

  /// The files to fetch of those that a repository has.
  /// - Throws: `HubError` of kind `.unsuitable` that says what is missing and what to do.
  static func choose(from listing: RepositoryListing) throws(HubError) -> [RepositoryFile] {
    let files = Dictionary(listing.files.map { ($0.name, $0) }) { first, _ in first }
    if files[weights] == nil { throw noWeights(listing) }
    guard files["vocab.txt"] != nil || files["tokenizer.json"] != nil else {
      throw HubError(
        .unsuitable,
        "\(listing.repository) has neither vocab.txt nor tokenizer.json: without a vocabulary no text can be read. "
          + "Save the tokeniser into the repository with save_pretrained")
    }
    var chosen: [RepositoryFile] = []
    for rule in rules {
      guard let file = files[rule.name] else {
        if rule.isRequired {
          throw HubError(.unsuitable, "\(listing.repository) has no \(rule.name), so it is no model that can be run")
        }
        continue
      }
      guard file.size <= rule.limit else {
        throw HubError(
          .unsuitable, "\(listing.repository): \(rule.name) has \(file.size) bytes; expected at most \(rule.limit)")
      }
      chosen.append(file)
    }
    return chosen
  }

  private static func noWeights(_ listing: RepositoryListing) -> HubError {
    let convert = "Load the model in Python and save it with save_pretrained(DIR, safe_serialization=True), then run --model DIR"
    let others = [
      (
        "model.safetensors.index.json",
        "Join the shards: load the model in Python and save it with save_pretrained(DIR, max_shard_size=\"100GB\"), then run --model DIR"
      ),
      ("pytorch_model.bin", convert), ("pytorch_model.bin.index.json", convert),
      ("tf_model.h5", "Load the model in Python with from_tf=True and save it with save_pretrained(DIR), then run --model DIR"),
    ]
    let names = Set(listing.files.map(\.name))
    guard let other = others.first(where: { names.contains($0.0) }) else {
      return HubError(.unsuitable, "\(listing.repository) has no \(weights), so it is no model that can be run")
    }
    return HubError(.unsuitable, "\(listing.repository) has \(other.0) but no \(weights). \(other.1)")
  }
}
