import Foundation
import Kafka
import Settings

/// `check`: every step that `run` would take, each with ok or what to do.
struct CheckCommand {
  let values: SettingValues
  let terminal: Terminal

  private enum Outcome {
    case ok(String)
    case warning(String)
    case note(String)
    case failed(String)
  }

  func run() throws -> Int32 {
    var isFine = true
    func report(_ step: String, _ outcome: Outcome) {
      let (mark, text) =
        switch outcome {
        case .ok(let text): ("ok     ", text)
        case .warning(let text): ("warning", text)
        case .note(let text): ("note   ", text)
        case .failed(let text): ("FAILED ", text)
        }
      if case .failed = outcome { isFine = false }
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let name = step + String(repeating: " ", count: max(0, 13 - step.count))
      for (index, line) in lines.enumerated() {
        let line = String(line).onOneLine
        terminal.print(index == 0 ? "\(mark)  \(name)  \(line)" : String(repeating: " ", count: 24) + line)
      }
    }

    let lanes = ModelLoading.lanes(values)
    do throws(WorkerError) {
      let options = try WorkerOptions(values, lanes: lanes)
      report("configuration", .ok("\(values.effective().filter { $0.source != .default }.count) settings given, all valid"))
      for warning in LibraryVersion.warnings(for: options.consumer) { report("librdkafka", .warning(warning)) }
      checkKafka(options, report)
    } catch {
      report("configuration", .failed(error.description))
    }
    checkModel(lanes, report)
    report(
      "not checked",
      .note("rights to read, write and commit; the consumer group: only run finds out, and ends with a message if one is refused")
    )
    return isFine ? ExitStatus.success : ExitStatus.failure
  }

  private func checkKafka(_ options: WorkerOptions, _ report: (String, Outcome) -> Void) {
    do throws(KafkaError) {
      let metadata = try AdminClient.reach(options.producer, topics: [], timeout: options.startTimeout)
      let brokers = metadata.brokers.map { "\($0.host):\($0.port)" }
      report("brokers", .ok("reached \(brokers.count): \(brokers.joined(separator: ", "))"))
    } catch {
      report("brokers", .failed(WorkerError.kafka(error).description))
      return
    }
    do throws(WorkerError) {
      guard let topics = try Preflight(options: options).check(while: { true }) else { return }
      report(
        "topics",
        .ok(
          "\(options.inputTopic) has \(count(topics.inputPartitions, "partition")); \(options.outputTopic) \(topics.output.partitions); \(options.deadLetterTopic) \(topics.deadLetter.partitions)"
        ))
      if Int(topics.output.partitions) < topics.inputPartitions {
        report(
          "topics",
          .warning(
            "\(options.outputTopic) has fewer partitions than \(options.inputTopic): order within an input partition holds, but output is less spread"
          ))
      }
    } catch {
      report("topics", .failed(error.description))
    }
  }

  private func checkModel(_ lanes: Int, _ report: (String, Outcome) -> Void) {
    do {
      let start = MonotonicClock.now
      let model = try ModelLoading.load(values)
      let seconds = Duration(nanoseconds: MonotonicClock.now - start).inSeconds
      report(
        "model",
        .ok(
          "\(model.identity.name) (\(model.identity.precision), fingerprint \(model.identity.fingerprint)) loaded in \(Int(seconds * 1000)) ms; labels \(model.labels.joined(separator: ", ")); \(count(lanes, "lane"))"
        ))
      for remark in model.remarks { report("model", .warning(remark)) }
      let lane = try model.makeLane()
      for text in ["A wonderful film, I loved every minute of it.", "A dull film, the worst I have seen this year."] {
        let tokenised = try model.tokenise(Array(text.utf8).span)
        for answer in try lane.label([tokenised]) {
          let verdict = Verdict(labels: model.labels, try answer.get(), tokenised)
          report("model", .ok("\"\(text)\" is \(verdict.label), confidence \(verdict.confidence)"))
        }
      }
    } catch let failure as LabellingFailure {
      report("model", .failed(failure.detail))
    } catch {
      report("model", .failed("\(error)"))
    }
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
