import Telemetry
import Testing

@testable import SentimentWorker

@Suite struct StopRequestTests {
  @Test(arguments: [true, false])
  func aStopIsObeyedWheneverItCame(isEarly: Bool) {
    let stops = Counter()
    let request = StopRequest()
    if isEarly { request.make() }
    request.whenMade { stops.increment() }
    if !isEarly { request.make() }
    #expect(stops.value == 1 && request.isMade)
  }
}
