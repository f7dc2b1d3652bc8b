import Telemetry

/// A verdict with what is needed to read it: for people and as JSON.
struct Report: Sendable {
  var seed: UInt64
  var guarantee: Guarantee
  var faults: [InjectedFault]
  /// When the first record was labelled; fault times are told from here.
  var begin: WallMilliseconds
  var verdict: Verdict
  /// Of a run that changed the number of workers.
  var stops: StopTimes?

  // MARK: For people

  var text: String {
    let counts = verdict.counts
    var lines = ["verdict: \(verdict.outcome.rawValue.uppercased()) (\(guarantee.rawValue), seed \(seed))"]
    let kinds = FaultKind.allCases.compactMap { kind in counts.faults[kind].map { "\(kind.rawValue) \($0)" } }
    lines.append(line("faults", "\(faults.count)" + (kinds.isEmpty ? "" : ": " + kinds.joined(separator: ", "))))
    lines.append(line("fed", "\(counts.fed) records, \(counts.duringFaults) of them done while faults went on"))
    lines.append(
      line(
        "outcomes", "\(counts.labelled) labelled, \(counts.passedThrough) passed through, \(counts.deadLettered) dead-lettered"))
    lines.append(line("re-delivered", "\(counts.redelivered)"))
    lines.append(line("committed", "\(counts.samples) samples"))
    lines.append(line("gave up", "\(counts.excusedExits) times under disturbed brokers or connections, and were started again"))
    for violation in Verdict.Violation.allCases {
      guard let finding = verdict.violations[violation] else {
        if Self.alwaysTold.contains(violation) { lines.append(line(violation.rawValue, "0")) }
        continue
      }
      lines.append(line(violation.rawValue, "\(finding.count)  VIOLATION"))
      lines += finding.examples.map { "      " + $0 }
      if finding.count > finding.examples.count { lines.append("      and \(finding.count - finding.examples.count) more") }
    }
    lines += verdict.doubts.map { line("doubt", $0) }
    if let stops { lines.append(stops.text) }
    return lines.joined(separator: "\n")
  }

  private static let alwaysTold: Set<Verdict.Violation> = [.lost, .duplicated, .outOfOrder, .wrongFate, .committedBeyondOutput]

  private func line(_ name: String, _ text: String) -> String {
    "  " + name + String(repeating: " ", count: max(1, 25 - name.count)) + text
  }

  // MARK: For programs

  var json: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("verdict", verdict.outcome.rawValue)
      json.member("guarantee", guarantee.rawValue)
      json.member("seed", seed)
      json.key("counts")
      json.object { write(verdict.counts, to: &$0) }
      json.key("violations")
      json.object { json in
        for violation in Verdict.Violation.allCases {
          guard let finding = verdict.violations[violation] else { continue }
          json.key(violation.rawValue)
          json.object { json in
            json.member("count", finding.count)
            json.key("examples")
            json.array { for example in finding.examples { $0.value(example) } }
          }
        }
      }
      json.key("doubts")
      json.array { for doubt in verdict.doubts { $0.value(doubt) } }
      json.key("faults")
      json.array { json in for injected in faults { json.object { write(injected, to: &$0) } } }
      if let stops {
        json.key("scaling")
        stops.write(to: &json)
      }
    }
    return json.bytes
  }

  private func write(_ counts: Verdict.Counts, to json: inout JSONWriter) {
    json.member("fed", counts.fed)
    json.member("labelled", counts.labelled)
    json.member("passed_through", counts.passedThrough)
    json.member("dead_lettered", counts.deadLettered)
    json.member("redelivered", counts.redelivered)
    json.member("during_faults", counts.duringFaults)
    json.member("commit_samples", counts.samples)
    json.member("excused_exits", counts.excusedExits)
  }

  private func write(_ injected: InjectedFault, to json: inout JSONWriter) {
    json.member("number", injected.fault.number)
    json.member("kind", injected.fault.kind.rawValue)
    json.member("what", "\(injected.fault)")
    json.member("start_ms", injected.start - begin)
    json.member("end_ms", injected.end - begin)
  }
}
