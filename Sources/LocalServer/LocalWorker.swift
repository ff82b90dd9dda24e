internal import EventLoop
internal import Memory
internal import Synchronization
internal import System

/// Makes answers that take time, one after the other, on a thread beside the event loop.
final class LocalWorker: Sendable {
  /// The most requests that may wait for their turn.
  static let maximumWaiting = 16

  private struct Job: Sendable {
    let connection: SlabHandle
    let work: @Sendable () -> LocalResponse
  }

  private struct State {
    var jobs: [Job] = []
    var isStopping = false
  }

  private let state = Mutex(State())
  private let wake: ThreadSignal
  private let thread: Mutex<SystemThread?>
  private let mailbox: LoopMailbox<LocalServiceMessage>

  /// Starts the thread, which posts its answers to `mailbox`.
  init(_ mailbox: LoopMailbox<LocalServiceMessage>) throws(SystemError) {
    self.mailbox = mailbox
    wake = try ThreadSignal()
    thread = Mutex(nil)
    let started = try SystemThread("local-worker") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Gives work to the thread. Returns whether there was room.
  func post(_ connection: SlabHandle, _ work: @escaping @Sendable () -> LocalResponse) -> Bool {
    let isTaken = state.withLock { state in
      guard state.jobs.count < LocalWorker.maximumWaiting else { return false }
      state.jobs.append(Job(connection: connection, work: work))
      return true
    }
    if isTaken { wake.notify() }
    return isTaken
  }

  /// Ends the thread when its current work is done.
  func stop() {
    state.withLock { $0.isStopping = true }
    wake.notify()
    let taken = thread.withLock { thread in
      let taken = thread
      thread = nil
      return taken
    }
    taken?.join()
  }

  private func run() {
    while true {
      wake.wait(milliseconds: -1)
      while let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) {
        if state.withLock({ $0.isStopping }) { return }
        mailbox.post(.answer(connection: job.connection, job.work()))
      }
      if state.withLock({ $0.isStopping }) { return }
    }
  }
}
