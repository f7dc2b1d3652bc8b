import Settings
import Telemetry

/// Settings of what the worker shows over HTTP.
enum HTTPSettings {
  /// What `http.listen` says for no server.
  static let off = "off"

  static let listen = Setting<String>(
    "http.listen", flag: "http-listen", default: "127.0.0.1:9464",
    allowed: .matching("HOST:PORT, such as 127.0.0.1:9464, 0.0.0.0:9464 or [::1]:9464, or off") {
      $0 == off || HTTPAddress($0) != nil
    },
    summary: "Where /metrics, /healthz, /readyz and /stats are served; off for nowhere.",
    discussion: "Port 0 takes any free one, which the log names: for several workers on one machine.",
    placeholder: "HOST:PORT")
  static let brokersTimeout = Setting<Duration>(
    "http.brokers-timeout", default: .seconds(30), allowed: .range(.milliseconds(100) ... .seconds(3600)),
    summary: "How long brokers may be out of reach before /readyz says no.")

  static let all: [any AnySetting] = [listen, brokersTimeout]

  /// Nil for no server.
  static func address(_ values: SettingValues) -> HTTPAddress? { HTTPAddress(values[listen]) }
}
