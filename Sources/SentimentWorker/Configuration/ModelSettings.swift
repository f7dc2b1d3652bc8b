import Settings

/// Settings of `model`: where models come from, and what one invocation does with them.
enum ModelSettings {
  static let hub = Setting<String>(
    "hub.url", flag: "hub", default: "https://huggingface.co", allowed: .notEmpty,
    summary: "The hub that models are fetched from, or a mirror of it.",
    discussion:
      "Where it is not set, HF_ENDPOINT is heeded. A token for private models is read from HF_TOKEN alone, and sent to this server alone.",
    placeholder: "URL", defaultNote: "HF_ENDPOINT, or https://huggingface.co")
  static let revision = Setting<String>(
    "hub.revision", flag: "revision", default: "main", allowed: .notEmpty, summary: "Branch, tag or commit to fetch.",
    placeholder: "REVISION", commandLineOnly: true)
  static let destination = Setting<String?>(
    "hub.to", flag: "to", default: nil, allowed: .any, summary: "Directory to fetch into.", placeholder: "DIR",
    defaultNote: "OWNER/NAME in $XDG_DATA_HOME/sentiment-worker/models", commandLineOnly: true, completes: .directory)
  static let output = Setting<ModelOutput>(
    "hub.output", flag: "output", shortFlag: "o", default: .text, summary: "Lines for people, or a JSON document for programs.",
    commandLineOnly: true)

  static let all: [any AnySetting] = [hub, revision, destination, output]
}

enum ModelOutput: String, SettingChoice { case text, json }
