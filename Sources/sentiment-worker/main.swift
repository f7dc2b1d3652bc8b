import Foundation
import SentimentWorker

exit(
  Program.main(arguments: Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment))
