/// A number of bytes, written with a unit: `64MiB`, `1MB`, or plain bytes.
public struct ByteCount: SettingValue, Comparable, Hashable, CustomStringConvertible {
  public var bytes: Int

  public init(_ bytes: Int) { self.bytes = bytes }
  public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
  public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }
  public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

  public static var form: SettingForm {
    SettingForm(placeholder: "SIZE", expected: "a size (64MiB, 1MB or plain bytes)")
  }

  private static let units: [(name: String, bytes: Int64)] = [
    ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1), ("", 1),
  ]

  /// Powers of 1024 for `KiB`, `MiB`, `GiB`, `TiB`, of 1000 for `kB`, `MB`, `GB`, `TB`; the case of letters does not matter.
  public init?(setting text: SettingText) {
    guard case .one(let word) = text, let quantity = Quantity(word),
      let unit = ByteCount.units.first(where: { $0.name.lowercased() == quantity.unit.lowercased() }),
      let bytes = quantity.scaled(by: unit.bytes)
    else { return nil }
    self.bytes = Int(bytes)
  }

  /// The shortest exact form.
  public var settingText: SettingText { .one(description) }

  public var description: String {
    if bytes == 0 { return "0" }
    let exact = ByteCount.units.filter { Int64(bytes) % $0.bytes == 0 }.map { "\(Int64(bytes) / $0.bytes)\($0.name)" }
    return exact.min { $0.utf8.count < $1.utf8.count } ?? String(bytes)
  }
}
