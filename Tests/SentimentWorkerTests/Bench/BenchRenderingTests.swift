import DistilBERT
import Foundation
import Telemetry
import Testing

@testable import SentimentWorker

@Suite("What a bench prints")
struct BenchRenderingTests {
  /// Results with something of everything.
  private func results(workloads: Int = 1) -> BenchResults {
    let operations = OperationCount(computed: 100e9, wholeModel: 120e9)
    let facts = (0..<workloads).map { index in
      BenchResults.WorkloadFacts(
        name: "workload \(index)", reviews: 10, tokens: 2_880, shortest: 4, longest: 512, textBytes: 13_000, batchTokens: 720,
        operations: operations)
    }
    var results = BenchResults(
      machine: .init(
        cpu: "A CPU with quite a long name @ 2.60GHz", cores: 64, features: ["avx2", "fma", "avx512", "avx512-vnni"]),
      model: .init(name: "imdb-minilm-l6", fingerprint: "1218f1a9a04c70fa", parameters: 22_700_000), threadsPerLane: 1,
      workloads: facts)
    results.tokeniser = .init(reviews: 10, bytes: 13_000, seconds: [0.002, 0.001])
    for precision in Precision.allCases {
      results.precisions.append(
        .init(
          asked: precision, effective: precision, kernels: "openblas SkylakeX, avx512-vnni", loadSeconds: 0.25,
          weightBytes: 267_000_000, workspaceBytes: 14_000_000, residentBytes: 300_000_000, residentGrowth: 280_000_000,
          agreement: precision == .f32 ? nil : Agreement(of: [[0, 1], [1, 0]], with: [[0, 2], [0, 1]]),
          accuracy: Accuracy(of: [[0, 1]], classes: [1])))
      for workload in 0..<workloads {
        let index = results.precisions.count - 1
        for lanes in [1, 2] {
          results.throughput.append(
            .init(
              workload: workload, precision: index, lanes: lanes, rounds: 2, seconds: lanes == 1 ? [2, 1.5, 1] : [0.5],
              peak: 400e9 * Double(lanes)))
        }
        results.latencies.append(.init(workload: workload, precision: index, milliseconds: [10, 20, 300]))
        var times = StageTimes()
        for stage in Stage.allCases { times[stage] = .milliseconds(stage == .head ? 200 : 100) }
        results.stages.append(.init(workload: workload, precision: index, times: times))
      }
    }
    return results
  }

  private func json() throws -> [String: Any] {
    let bytes = BenchJSON(results: results(), time: UTCTime(milliseconds: 0)).encode()
    return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  @Test func figuresFollowFromTheMeasurements() throws {
    let runs = try #require(try json()["throughput"] as? [[String: Any]])
    #expect(runs[0]["reviews_per_second"] as? Double == 20)
    #expect(abs(try #require(runs[0]["reviews_per_second_median"] as? Double) - 20 / 1.5) < 1e-9)
    #expect(runs[0]["tokens_per_second"] as? Double == 5_760)
    #expect(runs[0]["share_of_peak"] as? Double == 0.5)
    #expect(runs[0]["share_of_peak_whole_model"] as? Double == 0.6)
    #expect(runs[1]["speed_up"] as? Double == 2)
    let stages = try #require((try json()["stages"] as? [[String: Any]])?[0]["shares"] as? [String: Double])
    #expect(stages["head"] == 0.2)
    let tokeniser = try #require(try json()["tokeniser"] as? [String: Double])
    #expect(tokeniser["bytes_per_second"] == 13e6)
  }

  @Test("tables fit 80 columns", arguments: [1, 2])
  func widths(workloads: Int) {
    let text = BenchTable(results: results(workloads: workloads)).text
    for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    for expected in ["imdb-minilm-l6", "speed-up", "50.0 %", "attention output", "f32", "int8"] {
      #expect(text.contains(expected), "\(expected) in\n\(text)")
    }
  }

  @Test func theDocumentationNamesEveryField() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/benchmarks.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    for name in Self.names(try json()) { #expect(text.contains("`\(name)`"), "docs/benchmarks.md does not name \(name)") }
  }

  private static func names(_ value: Any) -> Set<String> {
    if let list = value as? [Any] { return list.reduce(into: []) { $0.formUnion(names($1)) } }
    guard let object = value as? [String: Any] else { return [] }
    return object.reduce(into: []) { $0.formUnion(names($1.value).union([$1.key])) }
  }
}
