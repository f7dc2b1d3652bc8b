// swift-tools-version: 6.2
import PackageDescription

// The package depends on no other Swift package: `swift build` needs no network, only the toolchain and the
// system libraries named below.

/// Swift 6 language mode comes with the tools version; a warning never lands.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
/// For what must never touch memory by hand: the pipeline and the command line.
let memorySafe: [SwiftSetting] = strict + [.strictMemorySafety()]

let package = Package(
  name: "sentiment-worker",
  products: [
    .executable(name: "sentiment-worker", targets: ["sentiment-worker"]),
    .executable(name: "fault-harness", targets: ["FaultHarness"]),
  ],
  targets: [
    // System libraries, each used by one Swift module only.
    .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

    // Small C kernels: no allocation, globals or I/O.
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror"])]),

    // The five modules in the middle never meet.
    .target(name: "Settings", dependencies: ["CYAML"], swiftSettings: strict),
    .target(name: "Telemetry", dependencies: ["CMicroHTTPD"], swiftSettings: strict),
    .target(name: "Kafka", dependencies: ["CRdKafka"], swiftSettings: strict),
    .target(name: "DistilBERT", dependencies: ["CKernels", "COpenBLAS"], swiftSettings: strict),
    .target(name: "ModelHub", dependencies: ["CKernels", "CCurl"], swiftSettings: strict),

    // The pipeline and the commands.
    .target(
      name: "SentimentWorker", dependencies: ["Settings", "Telemetry", "Kafka", "DistilBERT", "ModelHub"],
      resources: [
        .copy("Resources/imdb-minilm-l6"), .copy("Resources/sample-reviews.jsonl"),
        .copy("Resources/golden-logits.json"),
      ],
      swiftSettings: memorySafe),
    .executableTarget(name: "sentiment-worker", dependencies: ["SentimentWorker"], swiftSettings: memorySafe),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "SettingsTests", dependencies: ["Settings", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "TelemetryTests", dependencies: ["Telemetry", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "KafkaTests", dependencies: ["Kafka", "TestSupport"], swiftSettings: strict),
    // Counts the allocations of the test program.
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .testTarget(
      name: "DistilBERTTests", dependencies: ["DistilBERT", "CKernels", "CAllocationCounter", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "ModelHubTests", dependencies: ["ModelHub", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "SentimentWorkerTests", dependencies: ["SentimentWorker", "TestSupport"], swiftSettings: strict),
    // The built program as a user runs it, against the embedded broker and a real Kafka.
    .testTarget(name: "EndToEndTests", dependencies: ["Kafka", "sentiment-worker", "TestSupport"], swiftSettings: strict),

    // A program that puts workers under faults on a real Kafka, and judges what came of it.
    .executableTarget(
      name: "FaultHarness", dependencies: ["Settings", "Telemetry", "Kafka", "TestSupport"], path: "Tests/FaultHarness",
      swiftSettings: strict),
    .testTarget(name: "FaultHarnessTests", dependencies: ["FaultHarness", "Settings", "TestSupport"], swiftSettings: strict),
  ]
)
