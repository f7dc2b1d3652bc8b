import Testing

@testable import Kafka

@Suite("Errors, versions and durations")
struct ErrorTests {
  @Test("an error carries code, name, words and kind")
  func anatomy() {
    let error = KafkaError(.init(-195))
    #expect(error.code == -195)
    #expect(error.name == "_TRANSPORT")
    #expect(error.description == "Local: Broker transport failure (_TRANSPORT)")
    #expect(error.isRetriable && !error.isFatal && !error.requiresAbort && error.isConnectionError)
    #expect(KafkaError(.init(3)).isUnknownTopicOrPartition)
    #expect(KafkaError(.init(-184)).isQueueFull)
    #expect(KafkaError(.init(22)).isStaleGroupMember)
    #expect(!KafkaError(.init(29)).isRetriable)
    #expect(KafkaError(.init(29)).isRefusedLoginOrPermission)
    #expect(KafkaError(.init(12345)).code == 12345)
  }

  @Test("SCRAM advice depends on the library's version")
  func scram() {
    let error = KafkaError(.init(-169), "SASL authentication error: invalid credentials with SASL mechanism SCRAM-SHA-512")
    let old = Remedy.text(for: error, library: LibraryVersion.Number(2, 0, 2))
    #expect(old?.contains("2.6.1") == true)
    #expect(old?.contains("PLAIN") == true)
    let new = Remedy.text(for: error, library: LibraryVersion.Number(2, 6, 1))
    #expect(new?.contains("2.6.1") == false)
    #expect(new?.contains("sasl.password") == true)
    let plain = KafkaError(.init(-169), "SASL PLAIN mechanism handshake failed")
    #expect(Remedy.text(for: plain, library: LibraryVersion.Number(2, 0, 2))?.contains("SCRAM") == false)
  }

  @Test(
    "the errors that users meet have a remedy",
    arguments: [
      -195, -193, -187, -181, -185, -169, 58, 3, -188, 29, 30, 31, 10, -184, -192, 19, -147, 82, 56, -144, 90, 47, 53, 50,
    ])
  func remedies(code: Int32) {
    #expect(KafkaError(.init(code)).remedy != nil, "\(KafkaError(.init(code)))")
  }

  @Test("versions order and decode")
  func versions() {
    #expect(LibraryVersion.decode(0x0200_02ff) == LibraryVersion.Number(2, 0, 2))
    #expect(LibraryVersion.decode(0x020a_01ff) == LibraryVersion.Number(2, 10, 1))
    #expect(LibraryVersion.Number(2, 10, 0) > LibraryVersion.Number(2, 9, 9))
    #expect(LibraryVersion.number >= LibraryVersion.Number(2, 0, 2))
    #expect(LibraryVersion.string.hasPrefix(LibraryVersion.number.description))
  }

  @Test("known bugs are told for the versions and configurations that have them")
  func knownIssues() {
    #expect(LibraryVersion.issues(of: LibraryVersion.Number(2, 0, 2)).count == 2)
    #expect(LibraryVersion.issues(of: LibraryVersion.Number(2, 8, 0)).count == 1)
    #expect(LibraryVersion.issues(of: LibraryVersion.Number(2, 10, 0)) == [])
    #expect(LibraryVersion.issues(of: LibraryVersion.Number(1, 9, 0)).count == 3)
    let old = LibraryVersion.Number(2, 0, 2)
    #expect(LibraryVersion.warnings(for: KafkaConfiguration(), version: old) == [])
    #expect(LibraryVersion.warnings(for: KafkaConfiguration(["sasl.mechanism": "SCRAM-SHA-256"]), version: old).count == 1)
    let cooperative = KafkaConfiguration(["partition.assignment.strategy": "cooperative-sticky"])
    #expect(LibraryVersion.warnings(for: cooperative, version: old).count == 1)
    #expect(LibraryVersion.warnings(for: cooperative, version: LibraryVersion.Number(2, 10, 0)) == [])
  }

  @Test("durations become milliseconds without trapping")
  func durations() {
    #expect(Duration.zero.kafkaMilliseconds == 0)
    #expect(Duration.seconds(-5).kafkaMilliseconds == 0)
    #expect(Duration.nanoseconds(1).kafkaMilliseconds == 1)
    #expect(Duration.milliseconds(1500).kafkaMilliseconds == 1500)
    #expect(Duration.seconds(Int64.max).kafkaMilliseconds == Int32.max)
    #expect(
      Duration(secondsComponent: 9_223_372_036_854_775, attosecondsComponent: 999_999_999_999_999_999).kafkaMilliseconds == .max)
  }

  @Test("the root cause is the most telling error")
  func rootCause() {
    var trouble = ConnectionTrouble()
    trouble.note(KafkaError(.init(3)))
    #expect(trouble.rootCause == nil)
    trouble.note(KafkaError(.init(-187), "1/1 brokers are down"))
    #expect(trouble.rootCause?.name == "_ALL_BROKERS_DOWN")
    trouble.note(KafkaError(.init(-195), "Connection refused"))
    trouble.note(KafkaError(.init(-187), "1/1 brokers are down"))
    #expect(trouble.rootCause?.message == "Connection refused")
    #expect(!trouble.isHopeless)
    trouble.note(KafkaError(.init(-169), "invalid credentials"))
    trouble.note(KafkaError(.init(-195), "Disconnected"))
    #expect(trouble.rootCause?.message == "invalid credentials")
    #expect(trouble.isHopeless)
  }
}
