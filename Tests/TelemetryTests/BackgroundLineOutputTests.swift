import Dispatch
import Telemetry
import Testing

struct BackgroundLineOutputTests {
  @Test func everyLineComesOutInOrder() {
    let written = Locked<[[UInt8]]>([])
    let lines = BackgroundLineOutput(LineOutput { line in written.withLock { $0.append(line) } })
    for number in UInt8(0)..<100 { lines.write([number]) }
    #expect(lines.close(patience: .seconds(10)) == 0)
    #expect(written.withLock { $0 } == (UInt8(0)..<100).map { [$0] })
    lines.write([100])
    #expect(lines.close(patience: .zero) == 1, "after the end nothing is taken")
  }

  @Test func aReaderThatNeverReadsStopsNobody() {
    let never = DispatchSemaphore(value: 0)
    let lines = BackgroundLineOutput(LineOutput { _ in never.wait() }, capacity: 10)
    for number in UInt8(0)..<100 { lines.write([number]) }
    let lost = lines.close(patience: .milliseconds(50))
    #expect(lost == 100, "none was written")
    for _ in 0..<20 { never.signal() }
  }
}
