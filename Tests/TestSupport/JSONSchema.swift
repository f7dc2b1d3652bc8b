import Foundation

/// Validates JSON against a schema of draft 2020-12, as far as the schemas of this project use it. A keyword that it does not know is an
/// error, so that nothing is taken for checked that is not.
public struct JSONSchema {
  public struct Problem: Error, CustomStringConvertible, Equatable {
    public let description: String
    init(_ path: String, _ words: String) { description = (path.isEmpty ? "the document" : path) + " " + words }
  }

  private let root: [String: Any]

  private static let remarks: Set<String> = ["$schema", "title", "description", "examples"]
  private static let keywords: Set<String> = [
    "type", "const", "enum", "minimum", "maximum", "pattern", "properties", "required", "additionalProperties", "propertyNames",
    "minProperties", "items",
  ]

  public init(_ data: Data) throws {
    guard let root = try JSONSerialization.jsonObject(with: data) as? [String: Any] else { throw Problem("", "is no object") }
    self.root = root
  }

  /// - Returns: everything in which the document differs; empty for a valid one.
  public func problems(in document: Data) throws -> [Problem] {
    try Self.problems(JSONSerialization.jsonObject(with: document, options: .fragmentsAllowed), root, "")
  }

  /// The names of all properties that are declared, as paths; of maps the map's own.
  public var paths: [String] { Self.paths(root, "") }

  private static func paths(_ schema: [String: Any], _ path: String) -> [String] {
    guard let properties = schema["properties"] as? [String: [String: Any]] else { return [path] }
    return properties.flatMap { paths($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)") }
  }

  private static func problems(_ value: Any, _ schema: [String: Any], _ path: String) throws -> [Problem] {
    let unknown = Set(schema.keys).subtracting(remarks).subtracting(keywords)
    guard unknown.isEmpty else {
      throw Problem(path, "has a schema with \(unknown.sorted()), which this validator does not know")
    }
    var problems: [Problem] = []
    func check(_ isRight: Bool, _ words: @autoclosure () -> String) { if !isRight { problems.append(Problem(path, words())) } }
    if let type = schema["type"] {
      let types = type as? [String] ?? [type as? String ?? ""]
      check(types.contains { isOf(type: $0, value) }, "is no \(types.joined(separator: " or "))")
    }
    if let const = schema["const"] { check(equal(value, const), "is not \(const)") }
    if let values = schema["enum"] as? [Any] { check(values.contains { equal(value, $0) }, "is none of \(values)") }
    if let number = number(value) {
      if let minimum = schema["minimum"] as? NSNumber { check(number >= minimum.doubleValue, "is less than \(minimum)") }
      if let maximum = schema["maximum"] as? NSNumber { check(number <= maximum.doubleValue, "is more than \(maximum)") }
    }
    if let text = value as? String, let pattern = schema["pattern"] as? String {
      check(try text.contains(Regex(pattern)), "does not match \(pattern)")
    }
    if let object = value as? [String: Any] { problems += try inObject(object, schema, path) }
    if let array = value as? [Any], let items = schema["items"] as? [String: Any] {
      for (index, element) in array.enumerated() { problems += try Self.problems(element, items, "\(path)[\(index)]") }
    }
    return problems
  }

  private static func inObject(_ object: [String: Any], _ schema: [String: Any], _ path: String) throws -> [Problem] {
    var problems: [Problem] = []
    let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
    for name in schema["required"] as? [String] ?? [] where object[name] == nil {
      problems.append(Problem(path, "lacks \(name)"))
    }
    if let least = schema["minProperties"] as? Int, object.count < least {
      problems.append(Problem(path, "has fewer than \(least) members"))
    }
    for (name, member) in object {
      let memberPath = path.isEmpty ? name : "\(path).\(name)"
      if let names = schema["propertyNames"] as? [String: Any] {
        problems += try Self.problems(name, names, "the name \(memberPath)")
      }
      if let inner = properties[name] {
        problems += try Self.problems(member, inner, memberPath)
      } else if let inner = schema["additionalProperties"] as? [String: Any] {
        problems += try Self.problems(member, inner, memberPath)
      } else if schema["additionalProperties"] as? Bool == false {
        problems.append(Problem(memberPath, "is not in the schema"))
      }
    }
    return problems
  }

  /// Foundation makes both numbers and booleans NSNumber, and tells them apart by their C type.
  private static func isBoolean(_ value: Any) -> Bool {
    (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false
  }

  private static func number(_ value: Any) -> Double? { isBoolean(value) ? nil : (value as? NSNumber)?.doubleValue }

  private static func isOf(type: String, _ value: Any) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": isBoolean(value)
    case "null": value is NSNull
    case "number": number(value) != nil
    case "integer": number(value).map { $0 == $0.rounded() } ?? false
    default: false
    }
  }

  private static func equal(_ a: Any, _ b: Any) -> Bool {
    if let a = a as? String, let b = b as? String { return a == b }
    if let a = number(a), let b = number(b) { return a == b }
    return isBoolean(a) && isBoolean(b) && a as? Bool == b as? Bool
  }
}
