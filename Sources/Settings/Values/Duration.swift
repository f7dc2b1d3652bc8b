extension Duration: SettingValue {
  public static var form: SettingForm {
    SettingForm(placeholder: "DURATION", expected: "a duration with its unit (250ms, 10s, 5m, 1h)")
  }

  /// Nanoseconds per unit, the largest first.
  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
    ("us", 1_000), ("ns", 1),
  ]

  /// A number, decimal fraction allowed, with a unit: `ns`, `us`, `ms`, `s`, `m`, `h` or `d`; or a plain `0`.
  /// Whole nanoseconds below 292 years.
  public init?(setting text: SettingText) {
    guard case .one(let word) = text else { return nil }
    if word == "0" {
      self = .zero
      return
    }
    guard let quantity = Quantity(word), let unit = Duration.units.first(where: { $0.name == quantity.unit }),
      let nanoseconds = quantity.scaled(by: unit.nanoseconds)
    else { return nil }
    self = .nanoseconds(nanoseconds)
  }

  /// In the largest unit that gives a whole number.
  public var settingText: SettingText {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (nanoseconds, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    if overflow || carry { return .one("\(seconds)s") }
    if nanoseconds == 0 { return .one("0s") }
    let unit = Duration.units.first { nanoseconds % $0.nanoseconds == 0 } ?? ("ns", 1)
    return .one("\(nanoseconds / unit.nanoseconds)\(unit.name)")
  }
}
