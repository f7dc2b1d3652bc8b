/// A place in a YAML file, counted from 1.
struct YAMLPlace: Equatable {
  var line: Int
  var column: Int
}

/// A piece of a YAML document, as far as settings need it: no tags, anchors or types.
struct YAMLNode {
  enum Content {
    /// Nothing, or a plain `null` or `~`.
    case null
    case scalar(String)
    case sequence([YAMLNode])
    case mapping([YAMLPair])
  }

  let content: Content
  let place: YAMLPlace
}

struct YAMLPair {
  let key: String
  let keyPlace: YAMLPlace
  let value: YAMLNode
}

/// Why a file is not a YAML document that holds settings.
struct YAMLFailure: Error {
  let message: String
  let place: YAMLPlace?
}
