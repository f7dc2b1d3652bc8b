internal import CRdKafka

/// What a user should do about an error. One place, so that every command gives the same advice.
enum Remedy {
  /// - Parameter library: version of librdkafka as `LibraryVersion.number`, because some advice is about its bugs.
  static func text(for error: KafkaError, library: LibraryVersion.Number) -> String? {
    switch error.responseCode {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return refusedLogin(error.message, library: library)
    case RD_KAFKA_RESP_ERR__SSL: return tls(error.message)
    case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
      return connection(error.message)
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "Check the host names in bootstrap.servers, and that this machine can resolve the names the brokers advertise."
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return
        "Create the topic, or correct its name: kafka-topics.sh --bootstrap-server HOST:PORT --create --topic NAME --partitions N"
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "Allow the user to use the topic (Describe and Read to consume, Write to produce): "
        + "kafka-acls.sh --bootstrap-server HOST:PORT --add --allow-principal User:NAME --operation Read --topic TOPIC, or --operation Write"
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "Allow the user to use the consumer group: "
        + "kafka-acls.sh --bootstrap-server HOST:PORT --add --allow-principal User:NAME --operation Read --group GROUP"
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "Allow the user to write to the topic; brokers before 3.0 need IdempotentWrite on the cluster too: "
        + "kafka-acls.sh --bootstrap-server HOST:PORT --add --allow-principal User:NAME --operation Write --topic TOPIC, "
        + "and --operation IdempotentWrite --cluster"
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return "Raise message.max.bytes of this client and max.message.bytes of the topic, or send smaller records."
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return "Serve deliveries before sending more, or raise queue.buffering.max.messages and queue.buffering.max.kbytes."
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return "The brokers did not acknowledge within delivery.timeout.ms: look at the log for connection errors, "
        + "at the health of the partition's leader, and at min.insync.replicas."
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return "Bring the missing brokers back, or lower the topic's min.insync.replicas."
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return "The application did not poll for max.poll.interval.ms; find what blocked it, or raise the interval."
    case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return "Another producer uses the same transactional.id, or the transaction took longer than transaction.timeout.ms: "
        + "give each producer an id of its own."
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return "Allow the user to use the transactional id (Describe and Write): kafka-acls.sh --bootstrap-server HOST:PORT --add "
        + "--allow-principal User:NAME --operation Write --operation Describe --transactional-id ID"
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
      return "Lower transaction.timeout.ms to the brokers' transaction.max.timeout.ms, or raise that."
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return "Another member uses the same group.instance.id: give each worker its own."
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
      return "The members of this group use different partition.assignment.strategy values: make them the same."
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR: return "A broker could not write its log: look at its disks."
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return "The position is no longer in the log and auto.offset.reset=error forbids another: "
        + "reset the group's offsets (kafka-consumer-groups.sh --reset-offsets), or set auto.offset.reset to earliest or latest."
    default: return nil
    }
  }

  private static func refusedLogin(_ message: String, library: LibraryVersion.Number) -> String {
    let credentials = "Check sasl.username, sasl.password and sasl.mechanism against what the broker knows."
    guard message.contains("SCRAM"), library < LibraryVersion.scramNonceFixed else { return credentials }
    return credentials
      + " If they are right: librdkafka \(library) cannot log in with SCRAM to brokers from 3.8.1 on, whatever the password "
      + "(it repeats the client nonce); use librdkafka 2.6.1 or later, or sasl.mechanism=PLAIN over TLS."
  }

  private static func tls(_ message: String) -> String {
    if message.contains("certificate verify failed") || message.contains("could not be verified") {
      return "The broker's certificate is not trusted: set ssl.ca.location to the CA that signed it. If the CA is right, the "
        + "certificate may be expired or for another host name (ssl.endpoint.identification.algorithm)."
    }
    if message.contains("wrong version number") || message.contains("packet length") || message.contains("not compatible") {
      return "The listener does not speak TLS: use the port of a TLS listener, or security.protocol=plaintext or sasl_plaintext."
    }
    return "Check security.protocol, ssl.ca.location and, for client certificates, ssl.certificate.location and ssl.key.location."
  }

  private static func connection(_ message: String) -> String {
    if message.contains("security.protocol") || message.contains("Disconnected while requesting ApiVersion") {
      return "The broker closed the connection at once: it probably expects TLS or SASL. Set security.protocol "
        + "(plaintext, ssl, sasl_plaintext, sasl_ssl) to match the listener's."
    }
    if message.contains("Connection refused") {
      return "Nothing listens there: check bootstrap.servers, that the broker runs, and that the address it advertises "
        + "(advertised.listeners) can be reached from here."
    }
    return "Check bootstrap.servers, that the brokers run, firewalls on the way, and that the addresses they advertise "
      + "(advertised.listeners) can be reached from here."
  }
}
