import Foundation
import Synchronization

/// Callers on threads of their own who call without a pause until they are told to end.
final class Load: Sendable {
  private struct State {
    var served = 0
    var failures: [String] = []
    var hasEnded = false
    var running = 0
  }

  private let state = Mutex(State())

  /// - Parameter call: one call; its status must be 200, or, if it is refused by a limit, 429.
  init(callers: Int, _ call: @escaping @Sendable () throws -> Int) {
    state.withLock { $0.running = callers }
    for _ in 0..<callers {
      Thread { [self] in
        while !state.withLock({ $0.hasEnded }) { note { try call() } }
        state.withLock { $0.running -= 1 }
        Changes.note()
      }.start()
    }
  }

  private func note(_ call: () throws -> Int) {
    do {
      let status = try call()
      state.withLock { state in
        if status == 200 { state.served += 1 } else { state.failures.append("status \(status)") }
      }
    } catch { state.withLock { $0.failures.append("\(error)") } }
    Changes.note()
  }

  var served: Int { state.withLock { $0.served } }
  var failures: [String] { state.withLock { $0.failures } }

  /// Lets each call end, and every caller.
  func end() {
    state.withLock { $0.hasEnded = true }
    _ = eventually { state.withLock { $0.running } == 0 }
  }
}
