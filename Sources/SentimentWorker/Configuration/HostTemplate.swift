import Foundation

/// Settings that many hosts share and each fills in for itself, such as a member's name in its group.
enum HostTemplate {
  /// The text with the host's name in the place of `${HOSTNAME}`.
  static func text(_ template: String) -> String { text(template, host: ProcessInfo.processInfo.hostName) }

  static func text(_ template: String, host: String) -> String { template.replacing("${HOSTNAME}", with: host) }
}
