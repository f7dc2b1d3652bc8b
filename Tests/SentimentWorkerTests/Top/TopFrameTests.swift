import Testing

@testable import SentimentWorker

@Suite("The live view")
struct TopFrameTests {
  private func line(_ change: (inout TopLine) -> Void = { _ in }) throws -> TopLine {
    let text = """
      {"type":"stats","time":"2026-11-25T09:00:00.000Z","records_per_second":41.5,"records_since_start":{"consumed":10,"resolved":9,\
      "labelled":1200,"passed_through":0,"dead_lettered":3,"skipped":0},"lanes":{"count":2,"utilisation":0.97},\
      "waiting":{"records":3,"tokens":9},"in_flight":{"records":64,"tokens":900,"bytes":5000},"paused":false,\
      "health":{"good":true,"stalled":[]},"latency_ms":{"queue":{"count":4,"p50":1.5,"p95":2,"p99":3.25,"max":4},\
      "infer":{"count":0,"p50":0,"p95":0,"p99":0,"max":0}},"lag":{"total":1250,"partitions":{"0":1000,"1":250}},\
      "labels":{"Negative":1,"Positive":3},"mean_confidence":0.9,"dead_letters":{"not-json":2},"errors":{"consume":0,"produce":1},\
      "rebalances":1,"memory_resident_bytes":150000000,"model":{"name":"m","fingerprint":"f","precision":"int8"}}
      """
    var line = try #require(TopLine(text.utf8))
    change(&line)
    return line
  }

  @Test("one worker, as it is shown")
  func one() throws {
    let frame = TopFrame(
      workers: [.init(name: "pod-0:9464", line: try line())], history: [10, 20, 40], interval: 2, clock: "09:00:01 UTC")
    #expect(
      frame.text() == [
        "sentiment-worker top · 1 worker · 09:00:01 UTC                           q quits",
        "",
        "records/s          41.5  ▂▄█  00:00:06",
        "behind            1,250, 00:00:30 to drain",
        "by partition  0: 1,000  1: 250",
        "labels        Negative 25.0 %   Positive 75.0 %   mean confidence 0.900",
        "dead letters          3  now: not-json 2",
        "errors now    produce 1",
        "",
        "latency, ms          p50       p95       p99       max",
        "  age                  –         –         –         –",
        "  queue              1.5       2.0       3.3       4.0",
        "  infer                –         –         –         –",
        "  deliver              –         –         –         –",
        "  total                –         –         –         –",
        "",
        "worker                   rec/s   behind   busy   in fl.    dead      MB       ",
        "pod-0:9464                41.5    1,250   97 %       64       3     150   int8",
      ])
  }

  @Test("several workers are summed, silent ones are named and not counted, what stands still is said")
  func several() throws {
    let second = try line { line in
      line.health = .init(good: false, stalled: ["deliveries"])
      line.paused = true
      line.labels = ["Negative": 4, "Positive": 0]
      line.meanConfidence = 0.5
    }
    let frame = TopFrame(
      workers: [
        .init(name: "a", line: try line()), .init(name: "b", line: second),
        .init(name: "c", line: try line(), trouble: "no route"), .init(name: "d"),
      ], history: [], interval: 2, clock: "")
    let text = frame.text()
    #expect(text[0].hasPrefix("sentiment-worker top · 4 workers, 2 silent"))
    #expect(text.contains { $0.hasPrefix("records/s          83.0") })
    #expect(text.contains("labels        Negative 62.5 %   Positive 37.5 %   mean confidence 0.700"))
    #expect(text.contains("  STANDS STILL: deliveries"))
    #expect(text.contains { $0.hasPrefix("c ") && $0.hasSuffix("no route") })
    #expect(text.contains { $0.hasPrefix("d ") && $0.hasSuffix("not heard of yet") })
  }

  @Test("whatever comes, a frame keeps to its size", arguments: [1, 5, 60], [60, 80, 200])
  func size(count: Int, width: Int) throws {
    let workers = try (0..<count).map { number in
      TopFrame.Worker(
        name: String(repeating: "x", count: number * 7),
        line: try line { $0.lag.partitions = Dictionary(uniqueKeysWithValues: (0..<200).map { ("\($0)", $0) }) })
    }
    let history = (0..<500).map { Double($0 % 17) }
    let text = TopFrame(workers: workers, history: history, interval: 1, clock: "c", width: width, height: 24).text()
    #expect(text.count <= 24 && text.allSatisfy { $0.count <= width })
  }

  @Test("what is no stats line is none")
  func foreign() {
    for text in ["", "{}", "[1]", #"{"type":"stats"}"#, "not JSON"] { #expect(TopLine(text.utf8) == nil) }
  }

  @Test("a sparkline's heights")
  func sparkline() {
    #expect(TopFrame.sparkline([0, 1, 2, 4, 8]) == "▁▁▂▄█")
    #expect(TopFrame.sparkline([0, 0]) == "▁▁" && TopFrame.sparkline([]) == "")
  }
}
