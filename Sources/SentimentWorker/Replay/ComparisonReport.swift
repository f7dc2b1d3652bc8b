import Foundation
import Telemetry

/// Tells what a comparison found: as a text for people, and as JSON.
struct ComparisonReport {
  let findings: ComparisonFindings
  /// The topics of the labels before and now.
  let before: String
  let now: String
  /// The replay takes some records only, so that a label on one side alone says nothing.
  let isFiltered: Bool
  /// The beginnings of the examples' texts, in their order; empty unless asked for.
  var texts: [String?] = []

  // MARK: Text

  var text: String {
    var lines = ["\(now) compared with \(before): \(findings.compared) records have a label in both"]
    if !isFiltered, findings.onlyBefore + findings.onlyNow > 0 {
      lines.append("  \(findings.onlyBefore) only in \(before), \(findings.onlyNow) only in \(now)")
    }
    guard findings.compared > 0 else { return lines.joined(separator: "\n") }
    lines.append("  models before: \(Self.names(findings.modelsBefore))")
    lines.append("  models now:    \(Self.names(findings.modelsNow))")
    lines.append("  \(findings.changed) labels changed (\(Self.percent(findings.changedShare)))")
    for (transition, count) in transitions {
      let share = Double(count) / Double(findings.compared)
      lines.append("    \(transition.before.onOneLine) → \(transition.now.onOneLine): \(count) (\(Self.percent(share)))")
    }
    for label in findings.labels {
      lines.append("  \(label.onOneLine): before \(share(findings.before[label])); now \(share(findings.now[label]))")
    }
    if let mean = findings.shift.mean, let median = findings.shift.quantile(0.5), let high = findings.shift.quantile(0.95) {
      let sizes = [median, high, findings.shift.largest].map { String(format: "%.3f", $0) }
      lines.append(
        "  confidence where the label stayed: \(String(format: "%+.4f", mean)) on average; by size of the difference median \(sizes[0]), 95 % \(sizes[1]), largest \(sizes[2])"
      )
    }
    if !findings.examples.isEmpty { lines.append("  examples, those first that both were surest of:") }
    for (index, change) in findings.examples.enumerated() {
      lines.append("    \(change.place) @ \(change.offset): \(Self.opinion(change.before)) → \(Self.opinion(change.now))")
      if let text = texts.indices.contains(index) ? texts[index] : nil { lines.append("      \(text)") }
    }
    return lines.joined(separator: "\n")
  }

  private var transitions: [(ComparisonFindings.Transition, Int)] {
    findings.transitions.sorted { ($1.value, $0.key.before, $0.key.now) < ($0.value, $1.key.before, $1.key.now) }.map { ($0, $1) }
  }

  private func share(_ share: ComparisonFindings.Share?) -> String {
    let records = share?.records ?? 0
    let mean = share?.meanConfidence.map { String(format: ", mean confidence %.4f", $0) } ?? ""
    return "\(records) (\(Self.percent(Double(records) / Double(findings.compared)))\(mean))"
  }

  private static func names(_ models: [LabelledResult.Model]) -> String {
    models.map { "\($0.name.onOneLine) \($0.fingerprint.prefix(12)) \($0.precision.onOneLine)" }.joined(separator: ", ")
  }

  private static func opinion(_ opinion: ReplayComparison.Opinion) -> String {
    "\(opinion.label.onOneLine) \(String(format: "%.3f", opinion.confidence))"
  }

  private static func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }

  // MARK: JSON

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("before_topic", before)
      json.member("now_topic", now)
      json.member("compared", findings.compared)
      if !isFiltered {
        json.member("only_before", findings.onlyBefore)
        json.member("only_now", findings.onlyNow)
      }
      json.key("models_before")
      Self.write(findings.modelsBefore, to: &json)
      json.key("models_now")
      Self.write(findings.modelsNow, to: &json)
      json.member("changed", findings.changed)
      json.key("transitions")
      json.array { json in
        for (transition, count) in transitions {
          json.object {
            $0.member("before", transition.before)
            $0.member("now", transition.now)
            $0.member("records", count)
          }
        }
      }
      json.key("labels")
      json.object { json in
        for label in findings.labels {
          json.key(label)
          json.object {
            Self.write(findings.before[label], "before", to: &$0)
            Self.write(findings.now[label], "now", to: &$0)
          }
        }
      }
      json.key("confidence_shift")
      json.object {
        $0.member("mean", rounded: findings.shift.mean)
        $0.member("median_size", rounded: findings.shift.quantile(0.5))
        $0.member("p95_size", rounded: findings.shift.quantile(0.95))
        $0.member("largest_size", rounded: findings.shift.mean == nil ? nil : findings.shift.largest)
      }
      json.key("examples")
      json.array { json in
        for (index, change) in findings.examples.enumerated() {
          json.object {
            $0.member("topic", change.place.topic)
            $0.member("partition", change.place.partition)
            $0.member("offset", change.offset)
            $0.member("before", change.before.label)
            $0.member("before_confidence", rounded: change.before.confidence)
            $0.member("now", change.now.label)
            $0.member("now_confidence", rounded: change.now.confidence)
            if let text = texts.indices.contains(index) ? texts[index] : nil { $0.member("text", text) }
          }
        }
      }
    }
  }

  private static func write(_ models: [LabelledResult.Model], to json: inout JSONWriter) {
    json.array { json in
      for model in models {
        json.object {
          $0.member("name", model.name)
          $0.member("fingerprint", model.fingerprint)
          $0.member("precision", model.precision)
        }
      }
    }
  }

  private static func write(_ share: ComparisonFindings.Share?, _ side: String, to json: inout JSONWriter) {
    json.member(side, share?.records ?? 0)
    json.member("\(side)_mean_confidence", rounded: share?.meanConfidence)
  }
}

extension JSONWriter {
  /// To four decimals; nil: null.
  fileprivate mutating func member(_ name: String, rounded value: Double?) {
    key(name)
    if let value { self.value((value * 10_000).rounded() / 10_000) } else { null() }
  }
}
