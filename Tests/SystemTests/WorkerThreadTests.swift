import Foundation
import Glibc
import Synchronization
import System
import Testing

/// Threads besides the event loops, and how they end.
@Suite struct WorkerThreadTests {
  private final class Held: Sendable {}

  @Test("What a worker's thread held is given back before its end is told")
  func givesBack() throws {
    // Repeated many times: the end of the function and the end of the thread are microseconds apart.
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

  @Test("A thread of low priority lets others go first, and only it")
  func lowPriority() throws {
    func niceness(_ priority: SystemThread.Priority) throws -> Int32 {
      let seen = Mutex<Int32>(0)
      let thread = try SystemThread("worker", priority: priority) {
        seen.withLock { $0 = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
      }
      thread.join()
      return seen.withLock { $0 }
    }
    let own = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
    #expect(try niceness(.low) == min(19, own + 5))
    #expect(try niceness(.usual) == own)
  }

  @Test("A thread has its name, and takes no signals but those of its own faults")
  func nameAndSignals() throws {
    let seen = Mutex((name: "", blocked: [Int32]()))
    let asked = [SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGSEGV, SIGBUS, SIGABRT]
    let thread = try SystemThread("a name too long for it") {
      var mask = sigset_t()
      _ = unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
      let blocked = asked.filter { unsafe sigismember(&mask, $0) == 1 }
      let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
      seen.withLock { $0 = (name ?? "", blocked) }
    }
    thread.join()
    let (name, blocked) = seen.withLock { $0 }
    #expect(name == "a name too long\n")
    #expect(blocked == [SIGTERM, SIGHUP, SIGUSR1, SIGCHLD])
  }
}
