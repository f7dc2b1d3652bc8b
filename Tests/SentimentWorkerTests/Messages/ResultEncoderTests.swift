import Foundation
import Testing

@testable import SentimentWorker

struct ResultEncoderTests {
  private let encoder = ResultEncoder(model: ModelIdentity(name: "imdb \"mini\"", fingerprint: "sha256:ab", precision: "f32"))
  private let verdict = Verdict(
    labels: ["Negative", "Po\"si\ntive"], probabilities: [0.1, 0.9], tokens: 12, truncated: true)
  private let source = MessageSource(topic: "reviews", partition: 3, offset: 1 << 40, timestamp: 1_769_903_999_042)

  private let enrichment =
    #"{"version":1,"label":"Po\"si\ntive","confidence":0.9,"probabilities":{"Negative":0.1,"Po\"si\ntive":0.9},"#
    + #""tokens":12,"truncated":true,"model":{"name":"imdb \"mini\"","fingerprint":"sha256:ab","precision":"f32"}}"#

  private func enriched(_ document: String, member: String = "sentiment") throws -> String? {
    let bytes = [UInt8](document.utf8)
    let decoder = ReviewDecoder(format: .json(try JSONPointer("/text")), enrichedMember: member)
    guard case .review(let review) = decoder.decode(bytes.span), let point = review.splice else { return nil }
    let encoder = ResultEncoder(
      model: ModelIdentity(name: "imdb \"mini\"", fingerprint: "sha256:ab", precision: "f32"), enrichedMember: member)
    return String(decoding: encoder.enriched(bytes.span, at: point, with: verdict), as: UTF8.self)
  }

  @Test func theLabelIsTheFirstOfTheMostProbable() {
    #expect(verdict.label == "Po\"si\ntive" && verdict.confidence == 0.9 && verdict.classIndex == 1)
    #expect(Verdict(labels: ["a", "b", "c"], probabilities: [0.2, 0.4, 0.4], tokens: 3, truncated: false).label == "b")
    #expect(Verdict(labels: ["a"], probabilities: [1], tokens: 3, truncated: false).label == "a")
  }

  @Test func aResultIsOneCompactRecord() {
    let expected =
      enrichment.dropLast() + #","source":{"topic":"reviews","partition":3,"offset":1099511627776,"timestamp":1769903999042}}"#
    #expect(String(decoding: encoder.result(verdict, source: source), as: UTF8.self) == expected)
    let timeless = MessageSource(topic: "t", partition: 0, offset: 0, timestamp: nil)
    #expect(
      String(decoding: encoder.result(verdict, source: timeless), as: UTF8.self).hasSuffix(#""offset":0,"timestamp":null}}"#))
  }

  @Test func theEnrichmentGoesBehindTheLastMember() throws {
    #expect(try enriched(#"{"text":"a"}"#) == #"{"text":"a","sentiment":\#(enrichment)}"#)
    #expect(
      try enriched(" {\n  \"text\": \"a\",\n  \"n\": 1.50\n} \n")
        == " {\n  \"text\": \"a\",\n  \"n\": 1.50,\"sentiment\":\(enrichment)\n} \n")
    #expect(try enriched("\u{FEFF}{\"text\":\"a\"}") == "\u{FEFF}{\"text\":\"a\",\"sentiment\":\(enrichment)}")
    #expect(try enriched(#"{"text":"a"}"#, member: "m\"") == #"{"text":"a","m\"":\#(enrichment)}"#)
  }

  @Test func anEmptyObjectGetsNoComma() {
    let bytes = [UInt8]("{ }".utf8)
    let output = encoder.enriched(bytes.span, at: .insert(at: 2, afterMember: false), with: verdict)
    #expect(String(decoding: output, as: UTF8.self) == "{ \"sentiment\":\(enrichment)}")
  }

  @Test func whatThisProgramWroteBeforeIsReplacedInPlace() throws {
    let old = #"{"a":1,"sentiment": {"label":"x","model":{"fingerprint":"old"}} ,"text":"t"}"#
    let new = try #require(try enriched(old))
    #expect(new == #"{"a":1,"sentiment": \#(enrichment) ,"text":"t"}"#)
    #expect(try enriched(new) == new)
    let fresh = try #require(try enriched(#"{"text":"a"}"#))
    #expect(try enriched(fresh) == fresh)
  }

  /// Without what was added, a document's bytes are the original ones, and what was added is where a parser looks for it.
  @Test(arguments: [41, 42, 43]) func theOriginalBytesStay(seed: UInt64) throws {
    var json = RandomJSON(seed: seed)
    for _ in 0..<150 {
      let original =
        #"{"text":"t","rest":"# + json.document() + [" ", "", "\n"][json.below(3)] + "}" + [" ", "", "\r\n"][json.below(3)]
      let output = try #require(try enriched(original))
      let added = ",\"sentiment\":" + enrichment
      let range = try #require(output.range(of: added, options: .backwards))
      #expect(Array((output[..<range.lowerBound] + output[range.upperBound...]).utf8) == Array(original.utf8))
      let tree = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
      #expect((tree?["sentiment"] as? [String: Any])?["tokens"] as? Int == 12)
    }
  }

  /// The schemas name the members that are written, all of them and no others.
  @Test func theSchemasAreInStep() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..").standardized
    for (file, output) in [
      ("result", encoder.result(verdict, source: source)), ("enrichment", [UInt8](enrichment.utf8)),
    ] {
      let path = root.appendingPathComponent("config/schemas/\(file).schema.json")
      let schema = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
      let record = try #require(try JSONSerialization.jsonObject(with: Data(output)) as? [String: Any])
      try expectMembers(of: record, toBeThoseOf: schema)
      for nested in ["model", "source"] {
        guard let object = record[nested] as? [String: Any] else { continue }
        let properties = try #require(schema["properties"] as? [String: [String: Any]])
        try expectMembers(of: object, toBeThoseOf: try #require(properties[nested]))
      }
    }
  }

  private func expectMembers(of record: [String: Any], toBeThoseOf schema: [String: Any]) throws {
    let properties = try #require(schema["properties"] as? [String: Any])
    #expect(Set(properties.keys) == Set(record.keys))
    #expect(Set(try #require(schema["required"] as? [String])) == Set(record.keys))
  }
}
