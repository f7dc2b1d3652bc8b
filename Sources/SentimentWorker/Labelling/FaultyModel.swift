import Foundation

/// A test hook around any model: makes labelling fail or take its time, as the settings `test.fail-*` and `test.batch-delay`
/// ask, so that the pipeline's behaviour can be tested with faults that a sound model never has.
struct FaultyModel: LabellingModel {
  struct Faults: Sendable, Equatable {
    /// Every batch with a text that contains these bytes fails, however often it is tried.
    var marker: [UInt8] = []
    /// Every Nth run of a lane fails, and succeeds when it is tried again; 0 for none.
    var everyNthRun = 0
    /// How much longer every run takes.
    var delay: Duration = .zero
  }

  private let model: any LabellingModel
  private let faults: Faults

  init(_ model: any LabellingModel, _ faults: Faults) {
    self.model = model
    self.faults = faults
  }

  var identity: ModelIdentity { model.identity }
  var labels: [String] { model.labels }
  var remarks: [String] { model.remarks + ["test hooks make labelling fail or slow; this is not for production"] }
  var maximumTokens: Int { model.maximumTokens }

  /// The token that marks a text; no vocabulary has it.
  private static let guiltyID: Int32 = -1

  func tokenise(_ text: Span<UInt8>) throws(LabellingFailure) -> TokenisedText {
    var tokenised = try model.tokenise(text)
    if contains(faults.marker, in: text) { tokenised.ids.insert(Self.guiltyID, at: 0) }
    return tokenised
  }

  func makeLane() throws(WorkerError) -> any LabellingLane { Lane(try model.makeLane(), faults) }

  private func contains(_ marker: [UInt8], in text: Span<UInt8>) -> Bool {
    guard !marker.isEmpty, marker.count <= text.count else { return false }
    return (0...text.count - marker.count).contains { start in marker.indices.allSatisfy { text[start + $0] == marker[$0] } }
  }

  private final class Lane: LabellingLane {
    private let lane: any LabellingLane
    private let faults: Faults
    private var runs = 0

    init(_ lane: any LabellingLane, _ faults: Faults) {
      self.lane = lane
      self.faults = faults
    }

    func label(_ batch: [TokenisedText]) throws(LabellingFailure) -> [Result<Labelling, LabellingFailure>] {
      runs &+= 1
      if faults.delay > .zero { Thread.sleep(forTimeInterval: faults.delay.inSeconds) }
      if batch.contains(where: { $0.ids.first == FaultyModel.guiltyID }) {
        throw LabellingFailure(detail: "test hook: a text has the marker")
      }
      if faults.everyNthRun > 0, runs % faults.everyNthRun == 0 {
        throw LabellingFailure(detail: "test hook: run \(runs) of this lane")
      }
      return try lane.label(batch)
    }
  }
}
