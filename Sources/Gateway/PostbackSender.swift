internal import CurlTransport
internal import Memory
internal import Sandbox
internal import Synchronization
internal import System

/// Sends the sandbox's postbacks one after the other on a separate thread, because a receiver may send the sandbox a
/// request before it answers.
final class PostbackSender: Sendable {
  /// Postbacks that may wait here. Further ones fail and are repeated later.
  static let maximumWaiting = 1_000
  /// Milliseconds that one postback may take.
  static let timeout = 10_000

  private struct State {
    var waiting: [Postback] = []
    var outcomes: [PostbackOutcome] = []
    var isStopping = false
    var tell: @Sendable () -> Void = {}
    var thread: SystemThread?
  }

  private let state = Mutex(State())
  private let signal: ThreadSignal

  init() throws(SystemError) { signal = try ThreadSignal() }

  /// The port for the sandbox.
  var port: PostbackPort {
    PostbackPort(
      send: { [self] postback in send(postback) },
      takeOutcomes: { [self] in
        state.withLock { state in
          defer { state.outcomes = [] }
          return state.outcomes
        }
      })
  }

  /// Sets `body` to be called on the sender's thread when there are outcomes.
  func tell(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.tell = body } }

  private func send(_ postback: Postback) {
    state.withLock { state in
      guard state.waiting.count < Self.maximumWaiting, !state.isStopping else {
        state.outcomes.append(postback.outcome(status: 0))
        return
      }
      state.waiting.append(postback)
      // The thread starts with the first postback: most sandboxes never send one.
      if state.thread == nil {
        state.thread = try? SystemThread("postbacks") { [self] in run() }
      }
    }
    signal.notify()
  }

  private func run() {
    while true {
      let next = state.withLock { state -> (postback: Postback?, isStopping: Bool) in
        (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isStopping)
      }
      if next.isStopping { return }
      guard let postback = next.postback else {
        signal.wait(milliseconds: -1)
        continue
      }
      let outcome = postback.outcome(status: PostbackSender.deliver(postback))
      let tell = state.withLock { state in
        state.outcomes.append(outcome)
        return state.tell
      }
      tell()
    }
  }

  /// Sends the postback and returns the answer's status; 0 if there was no answer.
  private static func deliver(_ postback: Postback) -> Int {
    var fields: [(name: String, value: SecretBytes)] = []
    if let authorization = postback.authorization {
      fields.append(
        ("Authorization", SecretBytes(copying: authorization.utf8.span.bytesOfElements)))
    }
    let post = JSONPost(
      url: postback.url, contentType: postback.contentType, headers: fields, timeout: timeout,
      caFile: nil)
    switch post?.post(postback.body.span.bytesOfElements) {
    case .taken: return 200
    case .refused(let status): return status
    case .failed, nil: return 0
    }
  }

  /// Ends the thread after the postback in progress. Waits ten seconds at most.
  func stop() {
    let thread = state.withLock { state in
      state.isStopping = true
      defer { state.thread = nil }
      return state.thread
    }
    signal.notify()
    thread?.join()
  }
}
