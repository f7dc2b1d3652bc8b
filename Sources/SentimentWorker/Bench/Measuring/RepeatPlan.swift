/// How often a measurement is taken.
enum RepeatPlan: Sendable, Equatable {
  case times(Int)
  /// Again and again until so many seconds are over; once at least.
  case seconds(Double)

  /// - Parameter seconds: what each measurement so far took.
  func isDone(after seconds: [Double]) -> Bool {
    switch self {
    case .times(let count): seconds.count >= count
    case .seconds(let limit): !seconds.isEmpty && seconds.reduce(0, +) >= limit
    }
  }
}
