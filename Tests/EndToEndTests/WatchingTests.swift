import Foundation
import Kafka
import Testing

/// What a running worker shows over HTTP.
struct WatchingTests {
  private func environment(_ settings: [String: String]) -> [String: String] { constantLabel.merging(settings) { $1 } }

  @Test("readiness goes and comes with the brokers, and says why")
  func readiness() throws {
    try Stage.play { stage in
      let cluster = try #require(stage.cluster)
      let worker = try stage.launch(environment: environment(["SENTIMENT_HTTP_BROKERS_TIMEOUT": "500ms"]))
      let status = try StatusPage(of: worker)
      try status.wait("/readyz", for: 200) { $0.contains(#""spare":false"#) }
      for broker in cluster.brokerIDs { try cluster.setDown(broker: broker) }
      try status.wait("/readyz", for: 503) { $0.contains("brokers unreachable") }
      for broker in cluster.brokerIDs { try cluster.setUp(broker: broker) }
      try status.wait("/readyz", for: 200) { $0.contains(#""reasons":[]"#) }
      worker.send(SIGTERM)
      #expect(try worker.finished().exit == .status(0))
    }
  }

  @Test("a worker whose brokers are not there answers, and is not ready")
  func notReached() throws {
    let worker = try WorkerProcess(
      ["run", "--brokers", "127.0.0.1:1", "--group", "g", "--input-topic", "a", "--output-topic", "b"],
      environment: constantLabel)
    defer { worker.kill() }
    let status = try StatusPage(of: worker)
    try status.wait("/readyz", for: 503) { $0.contains("brokers not reached yet") && $0.contains("group not joined") }
    #expect(try status.get("/healthz").status == 200)
  }

  @Test("a member without partitions is a spare, and ready")
  func spare() throws {
    try Stage.play(partitions: 1) { stage in
      let first = try StatusPage(of: try stage.launch())
      try first.wait("/readyz", for: 200) { _ in true }
      let second = try StatusPage(of: try stage.launch())
      try second.wait("/readyz", for: 200) { _ in true }
      // One of the two has the only partition.
      try waitUntil("one spare") {
        try [first, second].filter { try $0.get("/readyz").body.contains(#""spare":true"#) }.count == 1
      }
    }
  }

  @Test("a lane that stands still is bad health until it gets on")
  func health() throws {
    try Stage.play { stage in
      let worker = try stage.launch(
        ["--lanes", "1"],
        environment: environment(["SENTIMENT_WATCHDOG_STALL_TIMEOUT": "1s", "SENTIMENT_TEST_BATCH_DELAY": "4s"]))
      let status = try StatusPage(of: worker)
      try status.wait("/healthz", for: 200) { $0.contains(#""stalled":[]"#) }
      try worker.waitForLog("partitions assigned")
      try stage.feed(Message.reviews(5))
      try status.wait("/healthz", for: 503) { $0.contains("lane-0") }
      #expect(try status.get("/metrics").body.contains(#"sentiment_worker_stalled{part="lane-0"} 1"#))
      try status.wait("/healthz", for: 200) { _ in true }
      #expect(try status.get("/metrics").body.contains("sentiment_worker_stalls_total 1\n"))
    }
  }

  @Test("brokers that take nothing are bad health of deliveries")
  func deliveries() throws {
    try Stage.play { stage in
      let cluster = try #require(stage.cluster)
      try stage.feed(Message.reviews(20))
      let worker = try stage.launch(
        environment: environment(["SENTIMENT_WATCHDOG_STALL_TIMEOUT": "3s", "SENTIMENT_TEST_BATCH_DELAY": "2s"]))
      let status = try StatusPage(of: worker)
      try worker.waitForStats { try $0.int("records_since_start.consumed") == 20 }
      for broker in cluster.brokerIDs { try cluster.setDown(broker: broker) }
      try status.wait("/healthz", for: 503) { $0.contains("deliveries") }
      for broker in cluster.brokerIDs { try cluster.setUp(broker: broker) }
      try status.wait("/healthz", for: 200) { _ in true }
    }
  }

  @Test("a scrape has every documented metric and no other, and its figures are right")
  func metrics() throws {
    try Stage.play { stage in
      try stage.feed(Message.reviews(50) + [Message(key: "bad", value: "not JSON"), Message(key: "gone", value: nil)])
      let worker = try stage.launch()
      let status = try StatusPage(of: worker)
      // Lag is looked up every second.
      try worker.waitForStats { line in
        try line.int("records_since_start.resolved") == 52 && line.int("lag.total") == 0
          && (line["lag.partitions"] as? [String: Any])?.count == 4
      }
      let page = try status.get("/metrics")
      #expect(page.status == 200 && page.headers.contains("text/plain; version=0.0.4"))
      let types = page.body.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
      #expect(Set(types) == (try Self.documentedMetrics()) && Set(types).count == types.count)
      for line in [
        "sentiment_worker_records_consumed_total 52", #"sentiment_worker_records_resolved_total{action="labelled"} 50"#,
        #"sentiment_worker_dead_letters_total{reason="not-json"} 1"#,
        #"sentiment_worker_pass_throughs_total{reason="tombstone"} 1"#, #"sentiment_worker_labels_total{label="Positive"} 50"#,
        "sentiment_worker_label_confidence_ratio_sum 50", "sentiment_worker_drain_seconds 0",
        #"sentiment_worker_stage_duration_seconds_count{stage="total"} 52"#, "sentiment_worker_healthy 1",
        #"sentiment_worker_lag_records{topic="\#(stage.input)",partition="0"} 0"#,
      ] {
        #expect(page.body.contains(line + "\n"), "\(line)")
      }
      #expect(try JSONLine(status.get("/stats").body).string("type") == "stats")
      #expect(try status.get("/").status == 404)
    }
  }

  @Test("top shows workers by their address and by their stats log, and says who does not answer")
  func top() throws {
    try withTemporaryDirectory { directory in
      try Stage.play { stage in
        try stage.feed(Message.reviews(10))
        let file = directory.appendingPathComponent("stats.log").path
        let workers = [try stage.launch(), try stage.launch(["--stats-file", file, "--stats-interval", "200ms"])]
        let status = try StatusPage(of: workers[0])
        try workers[0].waitForStats { _ in true }
        try waitUntil("a stats line") { (try? String(contentsOfFile: file, encoding: .utf8).contains("\n")) ?? false }
        let top = try Program.run(["top", "--once", "127.0.0.1:\(status.port)", file])
        #expect(top.exit == .status(0), "\(top.everything)")
        #expect(
          top.output.first?.contains("2 workers") == true && top.output.contains { $0.hasPrefix("127.0.0.1:\(status.port)") })
        let lame = try Program.run(["top", "--once", "127.0.0.1:\(status.port)", "127.0.0.1:1"])
        #expect(lame.exit == .status(1) && lame.output.first?.contains("1 silent") == true, "\(lame.everything)")
        #expect(try Program.run(["top"]).exit == .status(2), "no terminal")
      }
    }
  }

  @Test("promtool finds nothing to say about a scrape", .enabled(if: Tool.find("promtool") != nil, "needs promtool"))
  func promtool() throws {
    try Stage.play { stage in
      try stage.feed(Message.reviews(10))
      let worker = try stage.launch()
      let status = try StatusPage(of: worker)
      try worker.waitForStats { try $0.int("records_since_start.resolved") == 10 }
      let check = try WorkerProcess(
        ["check", "metrics"], input: Array(status.get("/metrics").body.utf8), executable: try #require(Tool.find("promtool")))
      let result = try check.finished()
      #expect(result.exit == .status(0) && result.everything.isEmpty, "\(result.everything)")
    }
  }

  @Test("every metric that a panel of the dashboard or an autoscaler or an alert asks for is in a scrape")
  func dashboard() throws {
    let deploy = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("deploy")
    let dashboard = try JSONSerialization.jsonObject(
      with: Data(contentsOf: deploy.appendingPathComponent("grafana/dashboards/sentiment-worker.json")))
    let panels = try #require((dashboard as? [String: Any])?["panels"] as? [[String: Any]])
    var expressions = panels.flatMap { ($0["targets"] as? [[String: Any]] ?? []).compactMap { $0["expr"] as? String } }
    #expect(panels.count >= 15 && expressions.count >= panels.count)
    expressions.append(
      try String(contentsOf: deploy.appendingPathComponent("kubernetes/scaledobject.yaml"), encoding: .utf8))
    expressions.append(try String(contentsOf: deploy.appendingPathComponent("prometheus/alerts.yml"), encoding: .utf8))
    let pattern = try Regex(#"\b(?:sentiment_worker|process)_[a-z_]+"#)
    let asked = Set(expressions.flatMap { $0.matches(of: pattern).map { String($0.output[0].substring ?? "") } })
    try Stage.play { stage in
      try stage.feed(Message.reviews(10))
      let worker = try stage.launch()
      try worker.waitForStats { try $0.int("records_since_start.resolved") == 10 }
      let scrape = try StatusPage(of: worker).get("/metrics").body
      // A counter by reason is there once there was a reason.
      let announced = scrape.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
      let series = scrape.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
        String(line.prefix { $0 != "{" && $0 != " " })
      }
      let missing = asked.subtracting(announced).subtracting(series)
      #expect(missing.isEmpty, "\(missing)")
    }
  }

  @Test("the alerts are rules of Prometheus", .enabled(if: Tool.find("promtool") != nil, "needs promtool"))
  func alerts() throws {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let check = try WorkerProcess(
      ["check", "rules", root.appendingPathComponent("deploy/prometheus/alerts.yml").path],
      executable: try #require(Tool.find("promtool")))
    let result = try check.finished()
    #expect(result.exit == .status(0) && result.everything.contains("SUCCESS: 5 rules found"), "\(result.everything)")
  }

  @Test("a Prometheus scrapes a worker", .enabled(if: Tool.find("prometheus") != nil, "needs prometheus"))
  func prometheus() throws {
    try withTemporaryDirectory { directory in
      try Stage.play { stage in
        try stage.feed(Message.reviews(10))
        let worker = try stage.launch()
        let status = try StatusPage(of: worker)
        try worker.waitForStats { try $0.int("records_since_start.resolved") == 10 }
        let configuration = directory.appendingPathComponent("prometheus.yml")
        try """
        global: {scrape_interval: 1s}
        scrape_configs: [{job_name: worker, static_configs: [{targets: ["127.0.0.1:\(status.port)"]}]}]
        """.write(to: configuration, atomically: true, encoding: .utf8)
        let port = try StatusPage.freePort()
        let prometheus = try WorkerProcess(
          [
            "--config.file=\(configuration.path)", "--storage.tsdb.path=\(directory.path)/data",
            "--web.listen-address=127.0.0.1:\(port)",
          ], executable: try #require(Tool.find("prometheus")))
        defer { prometheus.kill() }
        let query = "/api/v1/query?query=sum(sentiment_worker_records_resolved_total)"
        try waitUntil("the figure in Prometheus") {
          (try? StatusPage(port: port).get(query).body.contains(#","10"]"#)) ?? false
        }
        worker.send(SIGTERM)
        #expect(try worker.finished().exit == .status(0))
      }
    }
  }

  @Test("a port that is taken ends the worker at start, naming the setting; off opens none")
  func taken() throws {
    try Stage.play { stage in
      let first = try StatusPage(of: try stage.launch())
      let second = try stage.launch(["--http-listen", "127.0.0.1:\(first.port)"])
      let run = try second.finished()
      #expect(run.exit == .status(2))
      #expect(try run.onlyMessage().hasPrefix("http.listen: cannot listen on 127.0.0.1:\(first.port): Address already in use"))
      let third = try stage.launch(["--http-listen", "off"])
      try third.waitForLog("partitions assigned")
      #expect(!third.errors.lines.contains { $0.contains("metrics and probes") })
    }
  }

  /// The names in the first column of the tables of docs/metrics.md.
  private static func documentedMetrics() throws -> Set<String> {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let text = try String(contentsOf: root.appendingPathComponent("docs/metrics.md"), encoding: .utf8)
    return Set(
      text.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap {
        $0.dropFirst(3).split(separator: "`").first.map { String($0.split(separator: "{")[0]) }
      })
  }
}
