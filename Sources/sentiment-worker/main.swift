import Foundation
import SentimentWorker

let status = Program.main(
  arguments: Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
// Not `exit`: it would take OpenSSL down under threads of librdkafka's that nobody waits for, such as one that still tries to reach a
// broker. Everything that was written is written.
_exit(status)
