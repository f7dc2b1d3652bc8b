import Foundation

/// The threads that run a lane's passes: the one that calls, and others that wait for it between passes. They end with the team.
final class Team {
  private let passes: [any ForwardPass]
  private let work = Work()
  private var threads: [pthread_t] = []

  /// Starts a thread for each pass but the first. Throws `.noThread` if the system refuses one.
  init(_ passes: [any ForwardPass]) throws(ModelError) {
    self.passes = passes
    for pass in passes.dropFirst() {
      guard let thread = Teammate(pass: pass, work: work).start() else {
        end()
        throw ModelError(
          .noThread, subject: "a lane", expected: "\(passes.count) threads", found: "\(threads.count + 1)",
          advice: "Use fewer threads per lane, or raise the limit of threads that this process may have.")
      }
      threads.append(thread)
    }
  }

  deinit { end() }

  private func end() {
    work.slice = nil
    work.begun.add()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Runs one pass on all threads.
  func run(_ slice: Slice) {
    let caller = passes[0]
    if passes.count > 1 {
      work.slice = slice
      work.begun.add()
    }
    caller.run(slice)
    caller.member.meet()
  }
}

/// What the threads of a team have to do.
///
/// `@unchecked Sendable`: the caller's thread writes `slice` while the others wait for `begun`, and they read it before they arrive
/// at the meeting that ends the pass.
private final class Work: @unchecked Sendable {
  /// nil: to end.
  var slice: Slice?
  /// Passes begun.
  let begun = RisingCount()
}

/// One of the other threads.
///
/// `@unchecked Sendable`: made by the caller's thread, then used by its own thread alone.
private final class Teammate: @unchecked Sendable {
  private static let stackBytes = 4 << 20

  private let pass: any ForwardPass
  private let work: Work

  init(pass: any ForwardPass, work: Work) {
    self.pass = pass
    self.work = work
  }

  func start() -> pthread_t? {
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return nil }
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackBytes)
    var thread = pthread_t()
    let own = Unmanaged.passRetained(self)
    let error = pthread_create(
      &thread, &attributes,
      { argument in
        if let argument { Unmanaged<Teammate>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, own.toOpaque())
    guard error == 0 else {
      own.release()
      return nil
    }
    return thread
  }

  private func run() {
    Thread.current.name = "lane-team-\(pass.member.index)"
    var passes = 0
    while true {
      passes += 1
      work.begun.wait(for: passes)
      guard let slice = work.slice else { return }
      pass.run(slice)
      pass.member.arrive()
    }
  }
}
