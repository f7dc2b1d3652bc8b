/// Metrics in Prometheus's text format 0.0.4, family by family.
///
///     var text = PrometheusText()
///     text.counter("worker_records_total", help: "Records labelled.", [.init(12)])
///     text.gauge("worker_lag_records", help: "Records behind the end.", [.init(7, ["partition": "0"])])
///     text.bytes
///
/// Names are the caller's part (letters, digits, `_`); label values and help may hold anything.
public struct PrometheusText: Sendable {
  /// What to send it as.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  public struct Sample: Sendable {
    public var value: Double
    public var labels: KeyValuePairs<String, String>

    public init(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
      self.value = value
      self.labels = labels
    }

    public init(_ value: Int, _ labels: KeyValuePairs<String, String> = [:]) { self.init(Double(value), labels) }
  }

  private var text = ""

  public init() {}

  public var bytes: [UInt8] { Array(text.utf8) }

  /// - Parameter name: ends in `_total`.
  public mutating func counter(_ name: String, help: String, _ samples: [Sample]) { family(name, "counter", help, samples) }

  public mutating func gauge(_ name: String, help: String, _ samples: [Sample]) { family(name, "gauge", help, samples) }

  /// A sum and how many it is of, from which Prometheus tells the mean of any time.
  public mutating func summary(_ name: String, help: String, sum: Double, count: Int) {
    head(name, "summary", help)
    line("\(name)_sum", [:], sum)
    line("\(name)_count", [:], Double(count))
  }

  /// Durations in seconds, from histograms that recorded nanoseconds.
  /// - Parameter bounds: upper bounds in seconds, ascending. A count is exact up to values within 3.1 % of its bound.
  public mutating func durations(
    _ name: String, help: String, bounds: [Double], _ series: [(labels: KeyValuePairs<String, String>, HistogramSnapshot)]
  ) {
    head(name, "histogram", help)
    for (labels, snapshot) in series {
      for bound in bounds {
        let nanoseconds = UInt64(exactly: (bound * 1e9).rounded()) ?? .max
        line("\(name)_bucket", labels, Double(snapshot.count(upTo: nanoseconds)), last: ("le", Self.number(bound)))
      }
      line("\(name)_bucket", labels, Double(snapshot.count), last: ("le", "+Inf"))
      line("\(name)_sum", labels, Double(snapshot.sum) / 1e9)
      line("\(name)_count", labels, Double(snapshot.count))
    }
  }

  // MARK: Lines

  private mutating func family(_ name: String, _ type: String, _ help: String, _ samples: [Sample]) {
    head(name, type, help)
    for sample in samples { line(name, sample.labels, sample.value) }
  }

  private mutating func head(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(Self.escaped(help, quote: false))\n# TYPE \(name) \(type)\n"
  }

  private mutating func line(
    _ name: String, _ labels: KeyValuePairs<String, String>, _ value: Double, last: (String, String)? = nil
  ) {
    var parts = labels.map { "\($0.key)=\"\(Self.escaped($0.value, quote: true))\"" }
    if let last { parts.append("\(last.0)=\"\(last.1)\"") }
    text += name
    if !parts.isEmpty { text += "{\(parts.joined(separator: ","))}" }
    text += " \(Self.number(value))\n"
  }

  /// As Prometheus reads numbers; whole ones without a fraction.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int(exactly: value), abs(value) < 9_007_199_254_740_992 { return String(whole) }
    return "\(value)"
  }

  /// Backslashes and line feeds, and in label values quotes, are escaped; all else is UTF-8 as it is.
  static func escaped(_ text: String, quote: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quote: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
