extension Verdict {
  init(labels: [String], _ labelling: Labelling, _ text: TokenisedText) {
    self.init(labels: labels, probabilities: labelling.probabilities, tokens: text.ids.count, truncated: text.isTruncated)
  }
}

/// Makes what goes out for a record from the model's answer.
struct OutcomeEncoder: Sendable {
  let labels: [String]
  let format: OutputFormat
  let encoder: ResultEncoder

  func outcome(of record: ReviewRecord, _ text: TokenisedText, _ answer: Result<Labelling, LabellingFailure>) -> Outcome {
    switch answer {
    case .failure(let failure):
      return .deadLetter(
        DeadLetter(
          reason: "model-error", detail: failure.detail, stage: .infer, source: record.source, attempts: failure.attempts,
          time: .now()))
    case .success(let labelling):
      let verdict = Verdict(labels: labels, labelling, text)
      return .result(
        value: value(verdict, of: record), label: verdict.classIndex, confidence: verdict.confidence, tokens: verdict.tokens)
    }
  }

  private func value(_ verdict: Verdict, of record: ReviewRecord) -> [UInt8] {
    if format == .enrich, let splice = record.splice {
      record.message.withValue { value in
        guard let value else { return encoder.result(verdict, source: record.source) }
        return encoder.enriched(value, at: splice, with: verdict)
      }
    } else {
      encoder.result(verdict, source: record.source)
    }
  }
}
