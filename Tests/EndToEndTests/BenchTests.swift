import Foundation
import Testing

/// `bench` on the bundled model, as little of it as there can be.
struct BenchTests {
  private func document(_ arguments: [String]) throws -> [String: Any] {
    let run = try Program.run(["bench", "--repeat", "1", "--output", "json"] + arguments)
    #expect(run.exit == .status(0), "\(run.errors)")
    let data = Data(run.output.joined(separator: "\n").utf8)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func rows(_ document: [String: Any], _ name: String) throws -> [[String: Any]] {
    try #require(document[name] as? [[String: Any]], "\(name)")
  }

  @Test("texts with labels: speed, agreement with f32, accuracy")
  func texts() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString).jsonl")
    defer { try? FileManager.default.removeItem(at: file) }
    let lines = [
      #"{"text": "A wonderful film.", "label": 1}"#, #"{"text": "The worst film I have seen.", "label": "negative"}"#,
      #"{"text": "A wonderful, moving film with a great cast.", "label": 0}"#, #"{"nothing": 1}"#,
    ]
    try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    let document = try document(["--input", file.path, "--precision", "int8,f32", "--lanes", "1,2", "--label-field", "label"])
    let precisions = try rows(document, "precisions")
    #expect(precisions.map { $0["precision"] as? String } == ["f32", "int8"])
    for facts in precisions {
      let accuracy = try #require(facts["accuracy"] as? [String: Double])
      #expect(accuracy["texts"] == 3 && abs((accuracy["share"] ?? 0) - 2 / 3) < 1e-9)
    }
    let agreement = try #require(precisions[1]["agreement_with_f32"] as? [String: Double])
    #expect(agreement["same_label"] == 1 && (agreement["probability_difference_max"] ?? 1) < 0.1)
    let runs = try rows(document, "throughput")
    #expect(runs.count == 4 && runs.allSatisfy { ($0["reviews_per_second"] as? Double ?? 0) > 0 })
    for stages in try rows(document, "stages") {
      let shares = try #require(stages["shares"] as? [String: Double])
      #expect(abs(shares.values.reduce(0, +) - 1) < 1e-6)
    }
  }

  @Test("random ids of two lengths, as a table")
  func lengths() throws {
    let run = try Program.run(["bench", "--lengths", "8,16", "--precision", "int8", "--lanes", "1", "--seconds", "0.01"])
    #expect(run.exit == .status(0))
    let text = run.output.joined(separator: "\n")
    #expect(text.contains("8 tokens") && text.contains("16 tokens") && text.contains("one review at a time"))
    #expect(!text.contains("tokeniser"))
    #expect(run.output.allSatisfy { $0.count <= 80 })
  }

  @Test(
    "what contradicts itself or cannot be is refused",
    arguments: [
      ["--lengths", "8", "--input", "-"], ["--lengths", "513"], ["--lengths", "0"], ["--repeat", "1", "--seconds", "1"],
      ["--precision", "f16"], ["--precision", "f32,f32"], ["--lanes", "0"], ["--input", "/does/not/exist.txt"],
      ["--label-field", "label"],
    ])
  func refused(arguments: [String]) throws {
    let run = try Program.run(["bench"] + arguments)
    #expect(run.exit == .status(2), "\(run.errors)")
  }
}
