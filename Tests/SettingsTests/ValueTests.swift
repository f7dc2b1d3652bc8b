import Settings
import TestSupport
import Testing

@Suite struct ValueTests {
  @Test(arguments: [
    ("0", Duration.zero), ("0s", .zero), ("250ms", .milliseconds(250)), ("10s", .seconds(10)), ("5m", .seconds(300)),
    ("1h", .seconds(3600)), ("2d", .seconds(172_800)), ("1.5s", .milliseconds(1500)), ("0.25h", .seconds(900)),
    ("7us", .microseconds(7)), ("3ns", .nanoseconds(3)), ("10 s", .seconds(10)), ("9223372036s", .seconds(9_223_372_036)),
  ])
  func durations(text: String, value: Duration) {
    #expect(Duration(setting: .one(text)) == value)
  }

  @Test(arguments: [
    "", "10", "s", "-5s", "+5s", "1.s", ".", "1..2s", "0.1ns", "1e3s", "10S", "10 seconds", "99999999999999999999s",
    "9223372037s", "300000000000000d", "1h30m", "0x10s", "١s", "1.00000000000000000001s",
  ])
  func notDurations(text: String) {
    #expect(Duration(setting: .one(text)) == nil)
  }

  @Test(arguments: [
    ("0", 0), ("4096", 4096), ("64MiB", 64 << 20), ("1MB", 1_000_000), ("1mb", 1_000_000), ("1.5KiB", 1536), ("2 GiB", 2 << 30),
    ("8kB", 8000), ("1TiB", 1 << 40), ("9B", 9), ("9223372036854775807", Int.max),
  ])
  func byteCounts(text: String, bytes: Int) {
    #expect(ByteCount(setting: .one(text)) == ByteCount(bytes))
  }

  @Test(arguments: ["", "MiB", "-1", "1.5", "0.3B", "64M", "9223372036854775808", "9000000TiB", "1 2", "infMB"])
  func notByteCounts(text: String) {
    #expect(ByteCount(setting: .one(text)) == nil)
  }

  @Test func whatIsWrittenReadsBack() {
    var random = SeededRandom(seed: 1)
    for _ in 0..<2000 {
      let bits = random.next() >> UInt64.random(in: 1...63, using: &random)
      let duration = Duration.nanoseconds(Int64(bits))
      #expect(Duration(setting: duration.settingText) == duration)
      let size = ByteCount(Int(bits))
      #expect(ByteCount(setting: size.settingText) == size)
      let number = Double(bitPattern: random.next())
      if number.isFinite { #expect(Double(setting: number.settingText) == number) }
    }
    #expect(Duration.seconds(300).settingText == .one("5m"))
    #expect(ByteCount(64 << 20).settingText == .one("64MiB"))
    #expect(ByteCount(1_000_000).settingText == .one("1MB"))
    #expect(Duration.seconds(Int64.max).settingText == .one("9223372036854775807s"))
    #expect(Int(setting: .one("-7")) == -7)
    #expect([Int](setting: .one("1, 2,3")) == [1, 2, 3])
    #expect([String](setting: .many(["a,b", "c"]))?.settingText == .many(["a,b", "c"]))
    #expect(Int?(setting: .one("3")) == .some(3))
  }

  @Test(arguments: ["nan", "inf", "0x1p3", "1,5", "", " 1", "1e999", "--1"])
  func notNumbers(text: String) {
    #expect(Double(setting: .one(text)) == nil)
    #expect(Int(setting: .one(text)) == nil)
  }

  @Test func booleansAndChoices() {
    for word in ["true", "True", "yes", "ON", "1"] { #expect(Bool(setting: .one(word)) == true) }
    for word in ["false", "no", "off", "0"] { #expect(Bool(setting: .one(word)) == false) }
    for word in ["", "2", "y", "tru"] { #expect(Bool(setting: .one(word)) == nil) }
    #expect(Fixture.Format(setting: .one("json")) == .json)
    #expect(Fixture.Format(setting: .one("JSON")) == nil)
    #expect(Fixture.Format.form.expected == "text or json")
  }
}
