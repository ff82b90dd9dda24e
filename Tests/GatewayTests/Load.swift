import Foundation
import Synchronization

/// Callers on separate threads that call without pauses until they are stopped.
final class Load: Sendable {
  private struct State {
    var served = 0
    var failures: [String] = []
    var hasEnded = false
    var running = 0
  }

  private let state = Mutex(State())

  /// - Parameter call: makes one call and returns its status, which must be 200, or 429 if a limit refuses it.
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

  /// Lets each caller finish its call, and then ends it.
  func end() {
    state.withLock { $0.hasEnded = true }
    _ = eventually { state.withLock { $0.running } == 0 }
  }
}
