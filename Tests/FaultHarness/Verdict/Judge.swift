/// Compares what was fed with what came out. Pure: the same observations give the same verdict.
struct Judge: Sendable {
  let guarantee: Guarantee
  /// How long after a fault a re-delivery, or a worker's end, is its doing.
  var settle = Duration.seconds(30)
  /// How far the broker's clock may be behind this program's when outcomes are compared with commits.
  var clockTolerance = Duration.milliseconds(100)
  /// The least share of outcomes that has to come while faults go on: faults that nothing was processed under prove nothing.
  var leastShareDuringFaults = 0.1
  /// So many are enough, whatever their share: while a broker is down nothing can be done.
  var enoughDuringFaults = 200

  func verdict(on seen: Observations) -> Verdict {
    var verdict = Verdict()
    verdict.doubts = seen.troubles
    let inputs = index(seen, &verdict)
    let matched = match(seen, inputs, &verdict)
    judgeRepetition(matched, seen, inputs, &verdict)
    judgeOrder(matched, &verdict)
    judgeCommits(matched, seen, &verdict)
    judgeExits(seen, &verdict)
    count(matched, seen, &verdict)
    return verdict
  }

  // MARK: What belongs together

  /// An outcome with the record that it is of.
  struct Match {
    var outcome: OutcomeRecord
    var input: InputRecord
  }

  /// By identifier.
  private func index(_ seen: Observations, _ verdict: inout Verdict) -> [String: InputRecord] {
    var inputs: [String: InputRecord] = [:]
    var repeated = 0
    for input in seen.inputs where inputs.updateValue(input, forKey: input.id) != nil { repeated += 1 }
    if repeated > 0 { verdict.doubts.append("\(repeated) records are more than once in the input topic") }
    if seen.foreignInputs > 0 {
      verdict.doubts.append("\(seen.foreignInputs) records in the input topic were not fed by this run")
    }
    if inputs.count < seen.acknowledged {
      verdict.doubts.append("the broker acknowledged \(seen.acknowledged) records and has \(inputs.count)")
    }
    if inputs.isEmpty { verdict.doubts.append("nothing was fed") }
    return inputs
  }

  private func match(_ seen: Observations, _ inputs: [String: InputRecord], _ verdict: inout Verdict) -> [Match] {
    var matched: [Match] = []
    matched.reserveCapacity(seen.outcomes.count)
    for outcome in seen.outcomes {
      guard let id = outcome.id, let input = inputs[id] else {
        verdict.add(.invented, "\(outcome.topic.rawValue) \(outcome.place): \(outcome.id.map { "id \($0)" } ?? "no id")")
        continue
      }
      matched.append(Match(outcome: outcome, input: input))
      let isInPlace = outcome.fate?.isDeadLettered == (outcome.topic == .deadLetter)
      if outcome.fate != input.fate || !isInPlace {
        verdict.add(
          .wrongFate,
          "\(describe(input)): \(outcome.fate.map { "\($0)" } ?? "not understood") in \(outcome.topic.rawValue), not \(input.fate)"
        )
      }
      let isSource = outcome.source.map { $0 == input.place } ?? (outcome.fate == .passedThrough)
      if outcome.key != input.key || outcome.value != input.value || !isSource {
        verdict.add(.altered, "\(describe(input)): \(outcome.topic.rawValue) \(outcome.place)")
      }
    }
    return matched
  }

  // MARK: Lost and repeated

  private func judgeRepetition(
    _ matched: [Match], _ seen: Observations, _ inputs: [String: InputRecord], _ verdict: inout Verdict
  ) {
    let byID = Dictionary(grouping: matched) { $0.input.id }
    for input in seen.inputs where byID[input.id] == nil { verdict.add(.lost, describe(input)) }
    let disturbances = windows(of: seen.faults) { $0.disturbs }
    // In the order of their places, so that equal observations give equal words.
    for (_, group) in byID.filter({ $0.value.count > 1 }).sorted(by: { $0.value[0].input.place < $1.value[0].input.place }) {
      let inTime = group.sorted { ($0.outcome.appendedAt, $0.outcome.place) < ($1.outcome.appendedAt, $1.outcome.place) }
      for match in inTime.dropFirst() {
        verdict.counts.redelivered += 1
        let example = { "\(describe(match.input)): again in \(match.outcome.topic.rawValue) \(match.outcome.place)" }
        switch guarantee {
        case .exactlyOnce: verdict.add(.duplicated, example())
        case .atLeastOnce:
          if !disturbances.contains(where: { $0.contains(match.outcome.appendedAt) }) {
            verdict.add(.unexplainedRedelivery, example())
          }
        }
      }
    }
  }

  // MARK: Order

  /// A stream of records whose order is kept: what one input partition gives to one partition of a topic.
  private struct Stream: Hashable {
    var topic: OutcomeRecord.Topic
    var partition: Int32
    var source: Int32
  }

  /// Of each stream, the first outcomes come in the order of the input.
  ///
  /// Re-delivery does not change that: it begins at a committed offset, below which everything has its outcome already, and goes
  /// on in order. So a record whose first outcome comes after that of a later one was overtaken, or skipped.
  private func judgeOrder(_ matched: [Match], _ verdict: inout Verdict) {
    var last: [Stream: InputRecord] = [:]
    var seen: Set<String> = []
    var homes: [[UInt8]: Int32] = [:]
    let inLogOrder = matched.sorted {
      ($0.outcome.topic.rawValue, $0.outcome.place) < ($1.outcome.topic.rawValue, $1.outcome.place)
    }
    for match in inLogOrder {
      let outcome = match.outcome
      if outcome.topic == .output, let key = match.input.key {
        let home = homes[key] ?? outcome.place.partition
        homes[key] = home
        if home != outcome.place.partition {
          verdict.add(.keyScattered, "\(describe(match.input)): \(outcome.place), earlier ones of its key in [\(home)]")
        }
      }
      guard seen.insert(match.input.id).inserted else { continue }
      let stream = Stream(topic: outcome.topic, partition: outcome.place.partition, source: match.input.place.partition)
      if let before = last[stream], before.place > match.input.place {
        verdict.add(
          .outOfOrder, "\(describe(match.input)) in \(outcome.topic.rawValue) \(outcome.place): after \(describe(before))")
      } else {
        last[stream] = match.input
      }
    }
  }

  // MARK: Commits

  private func judgeCommits(_ matched: [Match], _ seen: Observations, _ verdict: inout Verdict) {
    var firstOutcome: [Place: WallMilliseconds] = [:]
    for match in matched {
      let at = match.outcome.appendedAt
      firstOutcome[match.input.place] = min(firstOutcome[match.input.place] ?? at, at)
    }
    // For each partition: the offset after each record, and when everything below it had its outcome.
    var complete: [Int32: [(end: Int64, at: WallMilliseconds)]] = [:]
    for place in seen.inputs.map(\.place).sorted() {
      let before = complete[place.partition]?.last?.at ?? .min
      complete[place.partition, default: []].append((place.offset + 1, max(before, firstOutcome[place] ?? .max)))
    }
    var last: [Int32: Int64] = [:]
    for sample in seen.samples {
      for (partition, offset) in sample.offsets.sorted(by: { $0.key < $1.key }) {
        if let before = last[partition], offset < before {
          verdict.add(.committedBack, "partition \(partition): from \(before) to \(offset)")
        }
        last[partition] = offset
        guard let below = Self.last(of: complete[partition] ?? [], endingAtMost: offset) else { continue }
        if below.at > sample.at, below.at - sample.at > clockTolerance.inMilliseconds {
          let words = below.at == .max ? "which never came" : "which came \(below.at - sample.at) ms later"
          verdict.add(
            .committedBeyondOutput, "partition \(partition): \(offset) was committed before an outcome below it, \(words)")
        }
      }
    }
    for (partition, end) in seen.logEnds.sorted(by: { $0.key < $1.key }) where end > 0 && seen.committed[partition] != end {
      verdict.add(
        .committedNotAtEnd,
        "partition \(partition): \(seen.committed[partition].map { "\($0)" } ?? "nothing") is committed, its end is \(end)")
    }
  }

  /// The last element whose end is at most `offset`, by bisection.
  private static func last(
    of elements: [(end: Int64, at: WallMilliseconds)], endingAtMost offset: Int64
  ) -> (end: Int64, at: WallMilliseconds)? {
    var low = 0
    var high = elements.count
    while low < high {
      let middle = (low + high) / 2
      if elements[middle].end <= offset { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : elements[low - 1]
  }

  // MARK: Workers

  private func judgeExits(_ seen: Observations, _ verdict: inout Verdict) {
    let hindrances = windows(of: seen.faults) { $0.hinders }
    for exit in seen.exits {
      let words = exit.lastWords.isEmpty ? "" : ": \(exit.lastWords)"
      switch exit.how {
      case .signal(let number): verdict.add(.crashed, "\(exit.worker) by signal \(number)\(words)")
      case .didNotStop: verdict.add(.didNotStop, "\(exit.worker)\(words)")
      case .status(let status):
        if hindrances.contains(where: { $0.contains(exit.at) }) {
          verdict.counts.excusedExits += 1
        } else {
          verdict.add(.gaveUp, "\(exit.worker) with status \(status)\(words)")
        }
      }
    }
  }

  // MARK: Counting

  private func count(_ matched: [Match], _ seen: Observations, _ verdict: inout Verdict) {
    verdict.counts.fed = seen.inputs.count
    verdict.counts.samples = seen.samples.count
    for injected in seen.faults { verdict.counts.faults[injected.fault.kind, default: 0] += 1 }
    let start = seen.faults.map(\.start).min()
    let end = seen.faults.map(\.end).max()
    var known: Set<String> = []
    for match in matched where known.insert(match.input.id).inserted {
      switch match.outcome.fate {
      case .labelled: verdict.counts.labelled += 1
      case .passedThrough: verdict.counts.passedThrough += 1
      case .deadLettered: verdict.counts.deadLettered += 1
      case nil: break
      }
      if let start, let end, (start...max(start, end)).contains(match.outcome.appendedAt) { verdict.counts.duringFaults += 1 }
    }
    if seen.faults.count < seen.plannedFaults {
      verdict.doubts.append("\(seen.faults.count) of \(seen.plannedFaults) faults were injected")
    }
    if !seen.faults.isEmpty, verdict.counts.duringFaults < enoughDuringFaults,
      Double(verdict.counts.duringFaults) < leastShareDuringFaults * Double(known.count)
    {
      verdict.doubts.append(
        "only \(verdict.counts.duringFaults) of \(known.count) records got their outcome while faults went on")
    }
  }

  private func windows(of faults: [InjectedFault], where isWanted: (FaultKind) -> Bool) -> [ClosedRange<WallMilliseconds>] {
    faults.filter { isWanted($0.fault.kind) }.map { $0.start...max($0.start, $0.end + settle.inMilliseconds) }
  }

  private func describe(_ input: InputRecord) -> String { "\(input.id) (input \(input.place))" }
}
