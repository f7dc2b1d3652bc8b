import Dispatch
import Kafka
import Settings

/// `broker`: the embedded development broker on a port, until a signal.
struct BrokerCommand {
  let values: SettingValues
  let terminal: Terminal

  func run() throws -> Int32 {
    let stop = DispatchSemaphore(value: 0)
    let signals = StopSignals { _ in stop.signal() }
    defer { signals.cancel() }
    let port = values[BrokerSettings.port]
    let cluster = try MockCluster(port: port == 0 ? nil : UInt16(port))
    defer { cluster.close() }
    for topic in values[BrokerSettings.topics].compactMap({ TopicSpecification($0) }) {
      try cluster.createTopic(topic.name, partitions: topic.partitions)
    }
    terminal.print("broker ready on \(cluster.bootstrapServers); stop it with Ctrl-C")
    stop.wait()
    return ExitStatus.success
  }
}
