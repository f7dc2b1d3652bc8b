import Foundation

/// The bytes of command line arguments. Swift gives arguments as strings, with U+FFFD in place of what is not UTF-8; what was
/// really given has to be asked of the system.
enum ArgumentBytes {
  /// The bytes that each of `arguments` of this process had before it became a string.
  static func bytes(of arguments: [String]) -> [[UInt8]] {
    // Most have no such character, and need no look.
    guard arguments.contains(where: { $0.unicodeScalars.contains("\u{FFFD}") }),
      let commandLine = try? Data(contentsOf: URL(fileURLWithPath: "/proc/self/cmdline"))
    else { return arguments.map { Array($0.utf8) } }
    return bytes(of: arguments, commandLine: Array(commandLine))
  }

  /// - Parameter commandLine: the arguments of a process as they were given, each ended by NUL.
  static func bytes(of arguments: [String], commandLine: [UInt8]) -> [[UInt8]] {
    var original: [[UInt8]: [UInt8]] = [:]
    for given in commandLine.split(separator: 0, omittingEmptySubsequences: false) {
      let repaired = Array(String(decoding: given, as: UTF8.self).utf8)
      if !repaired.elementsEqual(given) { original[repaired] = Array(given) }
    }
    return arguments.map { argument in
      let bytes = Array(argument.utf8)
      return original[bytes] ?? bytes
    }
  }
}
