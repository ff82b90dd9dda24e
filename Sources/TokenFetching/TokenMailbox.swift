internal import AccessTokens
internal import Fleet
internal import Memory
internal import Synchronization

/// What the loops have asked of the service thread since it last looked.
///
/// Bounded by the number of slots: asking for a slot twice is asking once, and of two refusals of one
/// slot's tokens the later counts. Refusals of Basic are bounded by apps and operations. What operators ask for is bounded by ``maximumOrders``.
final class TokenMailbox: Sendable {
  struct Content: Sendable {
    struct Rejection: Sendable {
      let slot: TokenSlot
      var generation: UInt32
      var withdraws: Bool
    }

    struct BasicRefusal: Sendable {
      let app: Int
      let operation: UInt8
      /// Of the secret.
      var generation: UInt32
    }

    var needed: [TokenSlot] = []
    var rejected: [Rejection] = []
    var basicRefused: [BasicRefusal] = []
    var orders: [Order] = []
    /// What the fleet says to looks, by ticket.
    var answers: [(ticket: UInt64, answer: SharedTokenAnswer)] = []
    var isStopping = false
  }

  /// What an operator asks for.
  enum Order: Sendable {
    case renew(TokenSlot)
    case drop(TokenSlot)
    /// An app's secrets were read anew.
    case secrets(app: Int, [SecretBytes])
    /// Another process of this gateway has fetched it.
    case handedOver(TokenSlot, HandedToken)
    /// Another key for what is shared with other gateways.
    case shareKey(SecretBytes)
    /// Another configuration.
    case configuration(TokenConfiguration)
  }

  /// Orders that may wait; more are refused.
  static let maximumOrders = 2 * TokenSlotTable.maximumSlots

  private struct State {
    var content = Content()
    var isNeeded: [Bool]
  }

  private let state: Mutex<State>

  init(slotCount: Int) {
    state = Mutex(State(isNeeded: Array(repeating: false, count: slotCount)))
  }

  /// There are `count` slots now, not fewer than before.
  func allowSlots(below count: Int) {
    state.withLock { state in
      while state.isNeeded.count < count { state.isNeeded.append(false) }
    }
  }

  /// Each returns whether the thread has to be woken: whether the mailbox was empty.
  func need(_ slot: TokenSlot) -> Bool {
    state.withLock { state in
      if state.isNeeded[slot.index] { return false }
      let wasEmpty = state.content.isEmpty
      state.isNeeded[slot.index] = true
      state.content.needed.append(slot)
      return wasEmpty
    }
  }

  func reject(_ slot: TokenSlot, generation: UInt32, withdraws: Bool) -> Bool {
    state.withLock { state in
      let wasEmpty = state.content.isEmpty
      let new = Content.Rejection(slot: slot, generation: generation, withdraws: withdraws)
      if let index = state.content.rejected.firstIndex(where: { $0.slot == slot }) {
        let known = state.content.rejected[index]
        if known.generation < generation {
          state.content.rejected[index] = new
        } else if known.generation == generation, withdraws {
          state.content.rejected[index].withdraws = true
        }
      } else {
        state.content.rejected.append(new)
      }
      return wasEmpty
    }
  }

  func refuseBasic(app: Int, operation: UInt8, generation: UInt32) -> Bool {
    state.withLock { state in
      let wasEmpty = state.content.isEmpty
      if let index = state.content.basicRefused.firstIndex(where: {
        $0.app == app && $0.operation == operation
      }) {
        state.content.basicRefused[index].generation = generation
      } else {
        state.content.basicRefused.append(
          Content.BasicRefusal(app: app, operation: operation, generation: generation))
      }
      return wasEmpty
    }
  }

  /// Returns false when too many orders wait.
  func order(_ orders: [Order]) -> Bool {
    state.withLock { state in
      guard state.content.orders.count + orders.count <= Self.maximumOrders else { return false }
      state.content.orders += orders
      return true
    }
  }

  /// Two for each slot that can be looked for are enough; what is more is late anyway.
  func answer(_ ticket: UInt64, _ answer: SharedTokenAnswer) -> Bool {
    state.withLock { state in
      guard state.content.answers.count < Self.maximumOrders else { return false }
      let wasEmpty = state.content.isEmpty
      state.content.answers.append((ticket, answer))
      return wasEmpty
    }
  }

  func stop() { state.withLock { $0.content.isStopping = true } }

  /// Takes everything; a stop stays.
  func take() -> Content {
    state.withLock { state in
      let content = state.content
      for slot in content.needed { state.isNeeded[slot.index] = false }
      state.content = Content(isStopping: content.isStopping)
      return content
    }
  }
}

extension TokenMailbox.Content {
  var isEmpty: Bool {
    needed.isEmpty && rejected.isEmpty && basicRefused.isEmpty && orders.isEmpty && answers.isEmpty
  }
}
