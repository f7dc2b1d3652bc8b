import Dispatch
import Kafka
import Settings

/// `broker`: the embedded development broker on a port, until a signal.
struct BrokerCommand {
  let values: SettingValues
  let terminal: Terminal

  func run() throws -> Int32 {
    let cluster = try MockCluster()
    defer { cluster.close() }
    for topic in values[BrokerSettings.topics].compactMap({ TopicSpecification($0) }) {
      try cluster.createTopic(topic.name, partitions: topic.partitions)
    }
    let port = values[BrokerSettings.port]
    var address = cluster.bootstrapServers
    var forward: PortForward?
    if port != 0 {
      forward = try PortForward(port: port, to: cluster.bootstrapServers)
      address = "127.0.0.1:\(port)"
    }
    defer { forward?.close() }
    terminal.print("broker ready on \(address); stop it with Ctrl-C")
    let stop = DispatchSemaphore(value: 0)
    let signals = StopSignals { _ in stop.signal() }
    stop.wait()
    signals.cancel()
    return ExitStatus.success
  }
}
