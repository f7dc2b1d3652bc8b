import Settings
import Testing

@Suite struct EnvironmentTests {
  @Test(arguments: [
    (
      "SENTIMENT_BATCH_MAX_TOKEN",
      "unknown environment variable \"SENTIMENT_BATCH_MAX_TOKEN\"; did you mean \"SENTIMENT_BATCH_MAX_TOKENS\"?"
    ),
    ("SENTIMENT_", "unknown environment variable \"SENTIMENT_\""),
    ("SENTIMENT_CLASSIFY_INPUT", "unknown environment variable \"SENTIMENT_CLASSIFY_INPUT\""),
    ("SENTIMENT_MODEL_LANES_FILE", "unknown environment variable \"SENTIMENT_MODEL_LANES_FILE\""),
    ("SENTIMENT_METRICS_PORT", "unknown environment variable \"SENTIMENT_METRICS_PORT\""),
    ("SENTIMENT_KAFKA_BROKER", "\"SENTIMENT_KAFKA_BROKER\": unknown variable; did you mean \"SENTIMENT_KAFKA_BROKERS\"?"),
    ("SENTIMENT_KAFKA_", "\"SENTIMENT_KAFKA_\": unknown variable"),
  ])
  func unknown(name: String, problem: String) {
    for value in ["1", ""] {
      let problems = Fixture.problems(environment: [name: value])
      #expect(problems.count == 1)
      #expect(problems.first?.hasPrefix(problem) == true, "\(problems)")
    }
  }

  @Test func othersAreLeftAlone() {
    let environment = [
      "PATH": "/bin", "SENTIMENTAL": "x", "SENTIMENT_KERNEL": "avx2",
      // What Kubernetes adds for services named sentiment-worker and sentiment-kafka.
      "SENTIMENT_WORKER_SERVICE_HOST": "10.0.0.1", "SENTIMENT_WORKER_SERVICE_PORT": "9090",
      "SENTIMENT_WORKER_SERVICE_PORT_METRICS": "9090", "SENTIMENT_WORKER_PORT": "tcp://10.0.0.1:9090",
      "SENTIMENT_WORKER_PORT_9090_TCP": "tcp://10.0.0.1:9090", "SENTIMENT_WORKER_PORT_9090_TCP_PROTO": "tcp",
      "SENTIMENT_WORKER_PORT_9090_TCP_ADDR": "10.0.0.1", "SENTIMENT_KAFKA_SERVICE_HOST": "10.0.0.2",
      "SENTIMENT_KAFKA_PORT": "tcp://10.0.0.2:9092",
    ]
    #expect(Fixture.problems(environment: environment).isEmpty)
  }

  @Test func emptyCountsAsNotSet() throws {
    let values = try Fixture.run(environment: [
      "SENTIMENT_MODEL_LANES": "", "SENTIMENT_KAFKA_DEBUG": "", "SENTIMENT_KAFKA_TOKEN_FILE": "",
    ])
    #expect(values[Fixture.lanes] == nil)
    #expect(values[Fixture.properties].isEmpty)
  }

  @Test func listsAndBooleans() throws {
    let values = try Fixture.run(environment: ["SENTIMENT_KAFKA_BROKERS": "a:1, b:2", "SENTIMENT_STATS_ENABLED": "0"])
    #expect(values[Fixture.brokers] == ["a:1", "b:2"])
    #expect(values[Fixture.stats] == false)
  }
}
