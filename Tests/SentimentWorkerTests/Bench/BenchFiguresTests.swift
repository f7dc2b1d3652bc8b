import Testing

@testable import SentimentWorker

@Suite("Figures of a bench are computed as they are described")
struct BenchFiguresTests {
  @Test func percentilesAreByNearestRank() {
    let values = (1...200).map(Double.init)
    #expect(Statistics.percentile(0.5, of: values) == 100)
    #expect(Statistics.percentile(0.99, of: values) == 198)
    #expect(Statistics.percentile(1, of: values) == 200)
    #expect(Statistics.percentile(0.5, of: [7]) == 7)
    #expect(Statistics.percentile(0.5, of: []).isNaN)
    #expect(Statistics.median([3, 1, 2]) == 2)
    #expect(Statistics.median([4, 1, 2, 3]) == 2.5)
  }

  @Test func numbersAreForPeople() {
    #expect(Figures.decimal(1_234_567.891, 1) == "1,234,567.9")
    #expect(Figures.decimal(-0.04, 1) == "0.0")
    #expect(Figures.decimal(0.9996, 3) == "1.000")
    #expect(Figures.decimal(.nan, 1) == "-")
    #expect([7.314, 73.14, 731.4, 7314].map(Figures.significant) == ["7.31", "73.1", "731", "7,314"])
    #expect(Figures.percent(0.5) == "50.0 %")
  }

  @Test func repeatsEndByNumberOrTime() {
    #expect(!RepeatPlan.times(2).isDone(after: [1]))
    #expect(RepeatPlan.times(2).isDone(after: [1, 1]))
    #expect(!RepeatPlan.seconds(0).isDone(after: []))
    #expect(RepeatPlan.seconds(2).isDone(after: [1, 1.5]))
  }

  @Test func batchesKeepOrderAndBudget() {
    let workload = Workload(name: "", sequences: [3, 4, 9, 1, 1].map { Array(repeating: 5, count: $0) })
    let batches = workload.batches(upTo: 8)
    #expect(batches.map(\.lengths) == [[3, 4], [9], [1, 1]])
    #expect(batches.map(\.start) == [0, 2, 3])
    #expect(batches.map(\.ids.count) == [7, 9, 2])
    #expect(workload.batchLimit(100, lanes: 1) == 4)
    #expect(workload.batchLimit(2, lanes: 1) == 2)
    #expect(ThroughputRun.rounds(batches: 3, lanes: 2) == 3)
    #expect(ThroughputRun.rounds(batches: 100, lanes: 2) == 1)
    #expect(workload.sample(2).map(\.count) == [3, 9])
  }

  @Test func randomIdsAreTheSameEachTime() {
    let workload = Workload.random(length: 128, vocabulary: 1_000)
    #expect(workload.sequences == Workload.random(length: 128, vocabulary: 1_000).sequences)
    #expect(workload.sequences.allSatisfy { $0.count == 128 && $0.allSatisfy { (0..<1_000).contains($0) } })
    #expect(workload.sequences[0] != workload.sequences[1])
  }

  @Test func labelsAndProbabilitiesAreComparedByText() {
    // Equal logits give both labels one half.
    let agreement = Agreement(of: [[0, 0], [2, 1]], with: [[0, 0], [1, 2]])
    #expect(agreement.texts == 2)
    #expect(agreement.sameLabel == 0.5)
    // softmax(1, 2) = 0.2689, 0.7311
    #expect(abs(agreement.maximumDifference - 0.4621) < 1e-4)
    #expect(abs(agreement.meanDifference - 0.2311) < 1e-4)
    #expect(
      Accuracy(of: [[0, 1], [1, 0], [1, 0]], classes: [1, nil, 1]) == Accuracy(of: [[0, 1], [1, 0]], classes: [1, 1]))
    #expect(Accuracy(of: [[0, 1]], classes: [nil]) == nil)
  }

  @Test func labelsAreNamesOrNumbers() {
    let labels = ["Negative", "Positive"]
    #expect(
      ["positive", "0", "1", "2", "-1", "Mixed"].map { WorkloadReading.classIndex($0, of: labels) } == [1, 0, 1, nil, nil, nil])
  }
}
