import Telemetry
import Testing

struct PrometheusTextTests {
  private func render(_ body: (inout PrometheusText) -> Void) -> String {
    var text = PrometheusText()
    body(&text)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  @Test("a family has its help and type, and a line a sample")
  func families() {
    let text = render { text in
      text.counter("a_total", help: "Things.", [.init(3, ["kind": "x"]), .init(0.5, ["kind": "y", "part": "z"])])
      text.gauge("b", help: "More.", [.init(-1)])
      text.summary("c", help: "Mean.", sum: 1.5, count: 2)
    }
    #expect(
      text == """
        # HELP a_total Things.
        # TYPE a_total counter
        a_total{kind="x"} 3
        a_total{kind="y",part="z"} 0.5
        # HELP b More.
        # TYPE b gauge
        b -1
        # HELP c Mean.
        # TYPE c summary
        c_sum 1.5
        c_count 2

        """)
  }

  @Test("label values and help may hold anything")
  func escapes() {
    let text = render { $0.gauge("a", help: "back\\slash \"and\"\nline", [.init(1, ["l": "q\"b\\n\ne é"])]) }
    #expect(text == "# HELP a back\\\\slash \"and\"\\nline\n# TYPE a gauge\na{l=\"q\\\"b\\\\n\\ne é\"} 1\n")
  }

  @Test("numbers as Prometheus reads them")
  func numbers() {
    let values: [Double] = [.nan, .infinity, -.infinity, 0, 1e15, 0.25]
    let text = render { text in text.gauge("a", help: "", values.map { .init($0) }) }
    #expect(
      text.split(separator: "\n").dropFirst(2) == ["a NaN", "a +Inf", "a -Inf", "a 0", "a 1000000000000000", "a 0.25"])
  }

  @Test("a histogram's buckets are cumulative, in seconds")
  func durations() {
    let histogram = Histogram()
    histogram.record(.milliseconds(1))
    histogram.record(.milliseconds(50), times: 2)
    histogram.record(.seconds(3))
    let text = render {
      $0.durations("d_seconds", help: "", bounds: [0.01, 0.1, 1], [(["stage": "s"], histogram.snapshot())])
    }
    #expect(
      text.split(separator: "\n").dropFirst(2) == [
        "d_seconds_bucket{stage=\"s\",le=\"0.01\"} 1", "d_seconds_bucket{stage=\"s\",le=\"0.1\"} 3",
        "d_seconds_bucket{stage=\"s\",le=\"1\"} 3", "d_seconds_bucket{stage=\"s\",le=\"+Inf\"} 4",
        "d_seconds_sum{stage=\"s\"} 3.101", "d_seconds_count{stage=\"s\"} 4",
      ])
  }
}
