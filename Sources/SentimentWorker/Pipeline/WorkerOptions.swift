import Kafka
import Settings

/// Everything that the pipeline must be told; made from the settings by the commands.
struct WorkerOptions: Sendable {
  var consumer: KafkaConfiguration
  var producer: KafkaConfiguration
  /// One, or several of a replay.
  var inputTopics: [String]
  var outputTopic: String
  var deadLetterTopic: String

  var decoder: ReviewDecoder
  var outputFormat: OutputFormat
  /// The member that `enrich` adds.
  var enrichMember: String

  /// Engine lanes, one thread each.
  var lanes: Int
  var batch: BatchLimits
  /// Bounds from consumption to acknowledgement.
  var inFlight: FlowControl.Limits

  /// How often results of one transaction come together; nil: at least once, without transactions.
  var transactions: TransactionLimits?
  /// How often the offsets of finished records are committed.
  var commitInterval: Duration
  /// How long a stop or a revocation may take to finish what is in flight.
  var drainDeadline: Duration
  /// How long the brokers may take to answer at start.
  var startTimeout: Duration
  /// Time between two stats lines.
  var statsInterval: Duration

  /// How labels are watched for drift; nil for not at all.
  var drift: DriftOptions?

  /// What becomes of messages that cannot be labelled.
  var policies: UnusablePolicies
  /// How what fails is tried again.
  var retries: RetryLimits
  /// How long a part of the worker may stand still before that is an error; zero for no watch.
  var stallTimeout: Duration
  /// Reads a range and ends with it, instead of reading for ever.
  var replay: ReplayOptions?
}

/// What is written for a labelled review.
enum OutputFormat: String, SettingChoice { case result, enrich }
