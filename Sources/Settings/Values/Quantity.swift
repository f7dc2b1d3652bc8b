/// A non-negative decimal number followed by a unit: `1.5s`, `64 MiB`.
struct Quantity {
  private var digits: Int64 = 0
  /// How many powers of ten `digits` is too large by.
  private var decimals = 0
  private(set) var unit: String

  /// Nil where no number comes first or it has more digits than fit 64 bits.
  init?(_ text: String) {
    var seenPoint = false
    var seenDigit = false
    var rest = Substring(text)
    while let character = rest.utf8.first {
      if character == UInt8(ascii: "."), !seenPoint {
        seenPoint = true
      } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) {
        let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int64(character - UInt8(ascii: "0")))
        if overflow || carry { return nil }
        digits = sum
        seenDigit = true
        if seenPoint { decimals += 1 }
      } else {
        break
      }
      rest = rest.dropFirst()
    }
    guard seenDigit, !(seenPoint && decimals == 0) else { return nil }
    unit = trimmed(rest)
  }

  /// The number in the smallest unit; nil where that is not whole or does not fit.
  func scaled(by factor: Int64) -> Int64? {
    var divisor: Int64 = 1
    for _ in 0..<decimals {
      let (product, overflow) = divisor.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      divisor = product
    }
    // The whole product has up to 128 bits before the division.
    let (high, low) = digits.multipliedFullWidth(by: factor)
    guard high < divisor else { return nil }
    let (quotient, remainder) = UInt64(divisor).dividingFullWidth((UInt64(high), low))
    return remainder == 0 ? Int64(exactly: quotient) : nil
  }
}
