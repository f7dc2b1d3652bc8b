import Settings

/// How a command prints what it found.
enum ReportOutput: String, SettingChoice { case text, json }
