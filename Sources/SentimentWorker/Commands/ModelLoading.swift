import DistilBERT
import Foundation
import Settings

/// The model that the settings name, loaded.
enum ModelLoading {
  /// Where the model is: the directory named, by path or as a fetched model, or the bundled one.
  static func directory(_ values: SettingValues) throws -> URL {
    if let name = values[WorkerSettings.model] {
      return try ModelStore.resolve(name, environment: ProcessInfo.processInfo.environment)
    }
    return try ModelDirectory.resource(ModelDirectory.bundled)
  }

  /// Loads the model, or the constant one of tests, with the faults that tests ask for.
  /// - Throws: `WorkerError` of kind `model`, or `ResourceError` where the bundled model is missing.
  static func load(_ values: SettingValues) throws -> any LabellingModel {
    let model = try loadSound(values)
    return FailureSettings.faults(values).map { FaultyModel(model, $0) } ?? model
  }

  private static func loadSound(_ values: SettingValues) throws -> any LabellingModel {
    if let label = values[WorkerSettings.constantLabel] { return ConstantModel(label: label) }
    return try EngineModel(
      directory: directory(values), precision: values[WorkerSettings.precision],
      maximumBatchTokens: values[WorkerSettings.batchTokens], threadsPerLane: values[WorkerSettings.threadsPerLane])
  }

  /// The model's tokeniser alone, without its weights.
  static func tokenizer(_ values: SettingValues) throws -> ModelTokenizer { try ModelTokenizer(directory: directory(values)) }

  /// Lanes in force: as set, or as many as give each thread a core of those that this process may use.
  static func lanes(_ values: SettingValues) -> Int {
    values[WorkerSettings.lanes] ?? max(1, ProcessInfo.processInfo.activeProcessorCount / values[WorkerSettings.threadsPerLane])
  }
}
