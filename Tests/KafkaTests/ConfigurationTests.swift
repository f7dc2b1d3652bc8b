import Testing

@testable import Kafka

@Suite("Configuration")
struct ConfigurationTests {
  @Test("a right configuration has no problems")
  func valid() throws {
    let configuration = KafkaConfiguration([
      "bootstrap.servers": "localhost:9092", "linger.ms": "20", "acks": "all", "compression.type": "zstd",
      "sasl.password": "x", "group.id": "g", "auto.offset.reset": "earliest",
    ])
    #expect(configuration.problems() == [])
    try configuration.validate()
  }

  @Test(
    "an unknown property names the nearest one",
    arguments: [
      ("bootstrap.server", "bootstrap.servers"), ("linger", nil), ("linger.mss", "linger.ms"),
      ("sasl_mechanism", "sasl.mechanism"),
      ("Group.Id", "group.id"), ("entirely.unlike.anything.known", nil), ("compresion.type", "compression.type"),
    ])
  func unknown(name: String, nearest: String?) throws {
    let problem = try #require(KafkaConfiguration([name: "v"]).problems().first)
    #expect(problem.property == name)
    #expect(problem.value == "v")
    #expect(problem.suggestion == nearest)
    #expect(problem.reason.contains("no such property"))
    if let nearest { #expect(problem.description.contains("did you mean \(nearest)?")) }
  }

  @Test("a bad value names property, value, reason and what is allowed")
  func badValues() throws {
    let problems = KafkaConfiguration([
      "linger.ms": "soon", "enable.idempotence": "maybe", "auto.offset.reset": "first", "session.timeout.ms": "0",
      "log_cb": "1", "client.id": "a\0b",
    ]).problems()
    #expect(problems.map(\.property) == problems.map(\.property).sorted())
    let text = Dictionary(uniqueKeysWithValues: problems.map { ($0.property, $0.description) })
    #expect(text.count == 6)
    #expect(text["linger.ms"]?.contains("linger.ms=soon: Invalid value") == true)
    #expect(text["linger.ms"]?.contains("allowed: 0 .. 900000") == true)
    #expect(text["enable.idempotence"]?.contains("true or false") == true)
    #expect(text["auto.offset.reset"]?.contains("earliest") == true)
    #expect(text["session.timeout.ms"]?.contains("outside allowed range 1..3600000") == true)
    #expect(text["client.id"]?.contains("NUL") == true)
  }

  @Test("making a client with a bad configuration throws the same")
  func clientValidates() {
    let configuration = KafkaConfiguration(["bootstrap.server": "x", "group.id": "g"])
    let error = #expect(throws: KafkaError.self) { try Consumer(configuration: configuration) }
    #expect(error?.name == "_INVALID_ARG")
    #expect(error?.message.contains("bootstrap.server=x") == true)
    #expect(throws: KafkaError.self) { try Producer(configuration: configuration) }
    let nameless = #expect(throws: KafkaError.self) { try Consumer(configuration: KafkaConfiguration()) }
    #expect(nameless?.message.contains("group.id") == true)
  }

  @Test("properties that contradict each other are refused by librdkafka in words")
  func contradiction() {
    let error = #expect(throws: KafkaError.self) {
      try Producer(configuration: .producer("localhost:1", ["acks": "1"]))
    }
    #expect(error?.name == "_INVALID_ARG")
    #expect(error?.message.contains("acks") == true)
    let reports = #expect(throws: KafkaError.self) {
      try Producer(configuration: KafkaConfiguration(["delivery.report.only.error": "true"]))
    }
    #expect(reports?.message.contains("delivery.report.only.error") == true)
  }

  @Test("secrets are never printed, misspelt or in librdkafka's own words")
  func secrets() {
    let secret = "tell-nobody"
    let names = [
      "sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password", "sasl.oauthbearer.client.secret",
      "sasl.oauthbearer.config", "sasl.jaas.config", "sasl.pasword", "sasl.passwd", "ssl.keypem", "SASL.PASSWORD",
    ]
    for name in names {
      #expect(KafkaConfiguration.isSecret(name), "\(name)")
      let configuration = KafkaConfiguration([name: secret, "linger.ms": "5"])
      #expect(configuration.redacted == [name: "[redacted]", "linger.ms": "5"])
      #expect(!configuration.problems().contains { $0.description.contains(secret) })
    }
    for name in ["bootstrap.servers", "sasl.username", "linger.ms", "ssl.ca.location", "ssl.key.location", "group.id"] {
      #expect(!KafkaConfiguration.isSecret(name), "\(name)")
    }
    let error = #expect(throws: KafkaError.self) {
      try Producer(configuration: KafkaConfiguration(["security.protocol": "ssl", "ssl.key.pem": secret]))
    }
    #expect(error?.description.contains(secret) == false)
  }

  @Test("one configuration serves both kinds of clients without warnings")
  func roles() throws {
    let logs = Collected<LogMessage>()
    let handlers = ClientHandlers(log: { logs.add($0) })
    let both = KafkaConfiguration.consumer("127.0.0.1:1", group: "g", ["enable.idempotence": "true", "linger.ms": "3"])
    let producer = try Producer(configuration: both, handlers: handlers)
    let consumer = try Consumer(configuration: both, handlers: handlers)
    producer.poll(timeout: .milliseconds(50)) { _ in }
    _ = consumer.poll(timeout: .milliseconds(50))
    #expect(!logs.all.contains { $0.facility == "CONFWARN" }, "\(logs.all)")
    producer.close(flushTimeout: .zero) { _ in }
    try consumer.close()
  }

  @Test("defaults do not override what is set under an alias")
  func aliases() {
    let configuration = KafkaConfiguration(["linger.ms": "7"]).withDefaults(["queue.buffering.max.ms": "1", "acks": "all"])
    #expect(configuration.properties == ["linger.ms": "7", "acks": "all"])
  }

  @Test("edit distance", arguments: [("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)])
  func distance(a: String, b: String, expected: Int) {
    #expect(KnownProperties.editDistance(Array(a.utf8), Array(b.utf8)) == expected)
  }
}
