import Testing

@testable import Settings

@Suite struct SuggestionTests {
  @Test func distances() {
    func distance(_ left: String, _ right: String) -> Int {
      editDistance(Array(left.unicodeScalars), Array(right.unicodeScalars))
    }
    #expect(distance("", "abc") == 3)
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("lanes", "lanse") == 1)
    #expect(distance("ca", "abc") == 3)
    #expect(distance("same", "same") == 0)
  }

  @Test func nearest() {
    let known = ["batch.max-tokens", "batch.max-wait", "model.lanes", "model.path", "kafka.brokers"]
    #expect(nearestName(to: "batch.max-token", among: known) == "batch.max-tokens")
    #expect(nearestName(to: "batch.maxTokens", among: known) == "batch.max-tokens")
    #expect(nearestName(to: "BATCH.MAX_WAIT", among: known) == "batch.max-wait")
    #expect(nearestName(to: "lanes", among: known) == "model.lanes")
    #expect(nearestName(to: "kafka.borkers", among: known) == "kafka.brokers")
    #expect(nearestName(to: "something-else", among: known) == nil)
    #expect(nearestName(to: "", among: known) == nil)
    #expect(nearestName(to: String(repeating: "a", count: 1 << 20), among: known) == nil)
  }

  /// Every slip of one letter in every key of the table is recognised.
  @Test func everySingleSlipIsRecognised() {
    let keys = Fixture.table.rows.map(\.key)
    for key in keys where key.utf8.count > 5 {
      for index in key.indices {
        var dropped = key
        dropped.remove(at: index)
        #expect(nearestName(to: dropped, among: keys) != nil, "\(dropped)")
        var doubled = key
        doubled.insert(key[index], at: index)
        #expect(nearestName(to: doubled, among: keys) == key, "\(doubled)")
      }
    }
  }
}
