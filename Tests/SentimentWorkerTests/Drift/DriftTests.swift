import Foundation
import TestSupport
import Testing

@testable import SentimentWorker

@Suite("Labels of late against a baseline")
struct DriftTests {
  private func drift(_ baseline: Int = 1000, window: Int = 500) -> Drift {
    Drift(.init(baselineRecords: baseline, window: window), classes: 2)
  }

  /// Records of a stream with this share of class 1, and confidences from one bound to 1.
  private func feed(_ drift: inout Drift, _ count: Int, share: Double, from least: Float = 0.9, random: inout SeededRandom) {
    for _ in 0..<count {
      let label = Double.random(in: 0..<1, using: &random) < share ? 1 : 0
      drift.note(label: label, confidence: Float.random(in: least...1, using: &random))
    }
  }

  @Test("nothing is told before the baseline and a window are there")
  func early() {
    var drift = drift(100, window: 100)
    for count in 1...100 {
      drift.note(label: 0, confidence: 0.9)
      #expect(drift.look.isBaselineComplete == (count == 100) && drift.look.recentRecords == 0)
    }
    for _ in 0..<99 { drift.note(label: 0, confidence: 0.9) }
    #expect(drift.look.stabilityIndex == nil && drift.look.recentRecords == 99)
    drift.note(label: 0, confidence: 0.9)
    #expect(drift.look.stabilityIndex.map { $0 < 0.2 } == true && drift.look.shareChanges == [0, 0])
    #expect(drift.look.confidenceChange.map { abs($0) < 1e-6 } == true)
  }

  @Test("a steady stream drifts little, a changed one much, and it shows where", arguments: 0..<5 as Range<UInt64>)
  func streams(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var drift = drift(5000, window: 1000)
    feed(&drift, 5000, share: 0.5, random: &random)
    feed(&drift, 3000, share: 0.5, random: &random)
    let steady = drift.look
    #expect(try #require(steady.stabilityIndex) < 0.1)
    // Another mix.
    feed(&drift, 1100, share: 0.9, random: &random)
    let mixed = drift.look
    #expect(try #require(mixed.stabilityIndex) > 0.25)
    #expect(abs(try #require(mixed.shareChanges)[1] - 0.4) < 0.06)
    #expect(abs(try #require(mixed.confidenceChange)) < 0.01)
    // The first mix, less sure.
    feed(&drift, 1100, share: 0.5, from: 0.5, random: &random)
    let unsure = drift.look
    #expect(try #require(unsure.stabilityIndex) > 0.25)
    #expect(abs(try #require(unsure.confidenceChange) + 0.2) < 0.02)
    // And back.
    feed(&drift, 1100, share: 0.5, random: &random)
    #expect(try #require(drift.look.stabilityIndex) < 0.1)
  }

  @Test("the window holds the latest records, and no more")
  func window() {
    var drift = drift(10, window: 100)
    for index in 0..<5000 {
      drift.note(label: 0, confidence: 1)
      #expect(drift.look.recentRecords <= 110)
      if index > 200 { #expect(drift.look.recentRecords >= 100) }
    }
  }

  @Test("the index is 0 for equal shares, and the same both ways")
  func index() {
    var a = LabelDistribution(classes: 2)
    var b = LabelDistribution(classes: 2)
    for _ in 0..<1000 { a.note(label: 0, confidence: 0.55) }
    #expect(a.stabilityIndex(against: a) == 0)
    for number in 0..<1000 { b.note(label: number % 2, confidence: 0.55) }
    #expect(abs(a.stabilityIndex(against: b) - b.stabilityIndex(against: a)) < 1e-12)
    // (0.5 - 1)·ln(0.5 / 1) and (0.5 - ε)·ln(0.5 / ε), with half a record in every bucket.
    let whole = 1010.0
    let p = [1000.5 / whole, 0.5 / whole]
    let q = 500.5 / whole
    let expected = (p[0] - q) * log(p[0] / q) + (p[1] - q) * log(p[1] / q)
    #expect(abs(a.stabilityIndex(against: b) - expected) < 1e-9)
  }

  @Test("bounds belong to the bucket above")
  func buckets() {
    var distribution = LabelDistribution(classes: 1)
    for bound in LabelDistribution.bounds { distribution.note(label: 0, confidence: bound) }
    distribution.note(label: 0, confidence: 0)
    distribution.note(label: 0, confidence: 1)
    #expect(distribution.counts == [1] + Array(repeating: 1, count: LabelDistribution.bounds.count - 1) + [2])
  }
}

@Suite("A baseline on disk")
struct DriftBaselineFileTests {
  private let model = ModelIdentity(name: "m", fingerprint: "f", precision: "int8")
  private let labels = ["Negative", "Positive"]

  private func withFile(_ body: (DriftBaselineFile) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("drift-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(DriftBaselineFile(path: directory.appendingPathComponent("baseline.json").path))
  }

  private func sample() -> LabelDistribution {
    var distribution = LabelDistribution(classes: 2)
    for number in 0..<100 { distribution.note(label: number % 3 == 0 ? 1 : 0, confidence: 0.5 + Float(number) / 200) }
    return distribution
  }

  @Test("what was written comes back, for its model alone")
  func roundTrip() throws {
    try withFile { file in
      guard case .nothing = try file.read(for: model, labels: labels) else { return #expect(Bool(false), "there is no file") }
      try file.write(sample(), of: model, labels: labels)
      guard case .baseline(let found) = try file.read(for: model, labels: labels) else { return #expect(Bool(false), "not read") }
      #expect(found == sample())
      for other in [
        ModelIdentity(name: "m", fingerprint: "g", precision: "int8"),
        ModelIdentity(name: "m", fingerprint: "f", precision: "f32"),
      ] {
        guard case .ofAnotherModel = try file.read(for: other, labels: labels) else {
          return #expect(Bool(false), "another model")
        }
      }
    }
  }

  @Test(
    "a broken file is an error that names it",
    arguments: [
      "", "{}", "[]", "no JSON", #"{"version": 2}"#,
      #"{"version":1,"model":{"name":"m","fingerprint":"f","precision":"int8"},"labels":["Negative","Positive"],"bounds":[0.5],"counts":[[1],[1]],"confidenceSum":1}"#,
      #"{"version":1,"model":{"name":"m","fingerprint":"f","precision":"int8"},"labels":["Negative","Positive"],"bounds":[0.6,0.7,0.8,0.9,0.95,0.98,0.99,0.995,0.999],"counts":[[-1,0,0,0,0,0,0,0,0,0],[1,0,0,0,0,0,0,0,0,0]],"confidenceSum":1}"#,
      #"{"version":1,"model":{"name":"m","fingerprint":"f","precision":"int8"},"labels":["Negative","Positive"],"bounds":[0.6,0.7,0.8,0.9,0.95,0.98,0.99,0.995,0.999],"counts":[[0,0,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,0,0]],"confidenceSum":0}"#,
      #"{"version":1,"model":{"name":"m","fingerprint":"f","precision":"int8"},"labels":["Negative","Positive"],"bounds":[0.6,0.7,0.8,0.9,0.95,0.98,0.99,0.995,0.999],"counts":[[9223372036854775807,9223372036854775807,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,0,0]],"confidenceSum":0}"#,
    ])
  func broken(text: String) throws {
    try withFile { file in
      try Data(text.utf8).write(to: URL(fileURLWithPath: file.path))
      let error = #expect(throws: WorkerError.self) { try file.read(for: model, labels: labels) }
      #expect(error?.kind == .usage && error?.description.contains(file.path) == true)
    }
  }

  @Test("a directory in its place is an error, not a crash")
  func directory() throws {
    let file = DriftBaselineFile(path: FileManager.default.temporaryDirectory.path)
    #expect(throws: WorkerError.self) { try file.read(for: model, labels: labels) }
  }
}
