import Testing

@testable import DistilBERT

@Suite("config.json")
struct ModelConfigurationTests {
  @Test("an empty object has DistilBertConfig's defaults: DistilBERT-base")
  func defaults() throws {
    let base = try ModelConfiguration(text: "{}")
    #expect(base.dimension == 768 && base.hiddenDimension == 3072 && base.layers == 6 && base.heads == 12)
    #expect(base.maximumPositions == 512 && base.vocabularySize == 30_522 && base.activation == .gelu)
    #expect(base.labels == ["LABEL_0", "LABEL_1"] && base.headDimension == 64 && base.remarks.isEmpty)
    // model.num_parameters() of transformers for this configuration.
    #expect(base.parameterCount == 66_955_010)
  }

  @Test("labels come in any order and number, by class index")
  func labels() throws {
    let five = try ModelConfiguration(
      text: #"{"id2label": {"4": "fünf", "0": "one", "2": "thr\u0065e", "1": "two \ud83d\ude00", "3": "four"}, "num_labels": 5}"#)
    #expect(five.labels == ["one", "two 😀", "three", "four", "fünf"])
    #expect(try ModelConfiguration(text: #"{"num_labels": 1}"#).labels == ["LABEL_0"])
    #expect(try ModelConfiguration(text: #"{"id2label": null, "num_labels": 3}"#).labels.count == 3)
    let many = (0..<1000).map { "\"\($0)\": \"label \($0)\"" }.joined(separator: ",")
    #expect(try ModelConfiguration(text: "{\"id2label\": {\(many)}}").labels[999] == "label 999")
  }

  @Test("a label of two classes, or a class index given twice, is an error that names it")
  func duplicateLabels() {
    let labels = #expect(throws: ModelError.self) {
      try ModelConfiguration(text: #"{"id2label": {"0": "good", "2": "go\u006fd", "1": "bad"}}"#)
    }
    #expect(labels?.kind == .malformedConfiguration)
    #expect(labels?.subject == "id2label.2" && labels?.found == "\"good\", the label of class 0")
    let index = #expect(throws: ModelError.self) { try ModelConfiguration(text: #"{"id2label": {"0": "a", "0": "b"}}"#) }
    #expect(index?.subject == "byte 24" && index?.found == "the key \"0\" occurs twice")
  }

  @Test("fields that do not change the architecture are ignored, whatever they hold")
  func ignored() throws {
    let text =
      #"{"dropout": NaN, "x": [1e400, -Infinity, {"y": [null, true]}], "label2id": 7, "pruned_heads": {}, "relu": false,"#
      + #" "activation": "relu", "sinusoidal_pos_embds": true, "dim": null}"#
    let configuration = try ModelConfiguration(text: text)
    #expect(configuration.activation == .relu && configuration.dimension == 768)
  }

  @Test("architectures may be absent, null, empty or have the classifier among them")
  func architectures() throws {
    for value in ["null", "[]", #"["DistilBertModel", "DistilBertForSequenceClassification"]"#] {
      _ = try ModelConfiguration(text: #"{"architectures": \#(value), "quantization_config": null}"#)
    }
  }

  @Test("a problem type that means another reading of the logits is remarked")
  func remarks() throws {
    #expect(try ModelConfiguration(text: #"{"problem_type": "multi_label_classification"}"#).remarks.count == 1)
    #expect(try ModelConfiguration(text: #"{"problem_type": "single_label_classification"}"#).remarks.isEmpty)
  }

  @Test("errors read as a sentence that names file, field, expected and found, on one line")
  func message() {
    let error = #expect(throws: ModelError.self) { try ModelConfiguration(text: #"{"activation": "gelu\nnew"}"#) }
    #expect(
      error?.description
        == #"config.json: activation: expected gelu or relu, found "gelu\nnew". "#
        + "This engine runs DistilBERT sequence classifiers; choose such a model.")
  }
}
