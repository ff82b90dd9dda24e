import EventLoop
import Testing

/// Threads beside the event loops, and their end.
@Suite struct WorkerThreadTests {
  private final class Held: Sendable {}

  @Test("What a worker's thread held is given back before its end is told")
  func givesBack() throws {
    // Many times: the end of the function and the end of the thread are microseconds apart.
    for _ in 0..<500 {
      let worker = try WorkerThread()
      weak var seen: Held?
      try {
        let held = Held()
        seen = held
        try worker.start("worker") { withExtendedLifetime(held) {} }
      }()
      #expect(worker.join(within: 10_000))
      #expect(seen == nil)
    }
  }

  @Test("A worker that is held up is not waited for beyond the time given")
  func heldUp() throws {
    let release = try ThreadSignal()
    let worker = try WorkerThread()
    try worker.start("worker") { release.wait(milliseconds: 10_000) }
    #expect(!worker.join(within: 20))
    release.notify()
    #expect(worker.join(within: 10_000))
  }
}
