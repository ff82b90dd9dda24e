internal import Synchronization

/// The generation in force, and which older ones still have calls under way.
package final class Generations: Sendable {
  private struct State {
    var current: Generation
    /// By loop, the oldest generation that it still has calls of.
    var oldest: [UInt32]
    /// By loop, the generation by which it decides.
    var adopted: [UInt32]
  }

  private let state: Mutex<State>

  init(_ first: Generation, loopCount: Int) {
    state = Mutex(
      State(
        current: first, oldest: Array(repeating: first.number, count: loopCount),
        adopted: Array(repeating: first.number, count: loopCount)))
  }

  /// The generation by which new requests are decided.
  package var current: Generation { state.withLock { $0.current } }

  /// The oldest generation that has calls under way; the current one when no older one has.
  package var oldest: UInt32 {
    state.withLock { state in min(state.oldest.min() ?? .max, state.current.number) }
  }

  /// Whether every loop decides by the current generation.
  package var isAdopted: Bool {
    state.withLock { state in state.adopted.allSatisfy { $0 >= state.current.number } }
  }

  func put(_ next: Generation) { state.withLock { $0.current = next } }

  func note(loop: Int, adopted: UInt32, oldest: UInt32) {
    state.withLock { state in
      state.adopted[loop] = adopted
      state.oldest[loop] = oldest
    }
  }

  /// Notes that the loop has ended: nothing is under way there.
  package func noteEnd(of loop: Int) {
    state.withLock { state in
      state.adopted[loop] = .max
      state.oldest[loop] = .max
    }
  }
}
