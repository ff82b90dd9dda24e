internal import AccessTokens
internal import Fleet
internal import Memory
internal import Synchronization

/// What the loops have requested from the service thread since it last checked.
///
/// Bounded by the number of slots: requesting a slot twice counts once, and of two refusals of a slot's tokens the
/// later one counts. Refusals of Basic are bounded by apps and operations, and operators' orders by ``maximumOrders``.
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
      /// The generation of the secret.
      var generation: UInt32
    }

    var needed: [TokenSlot] = []
    var rejected: [Rejection] = []
    var basicRefused: [BasicRefusal] = []
    var orders: [Order] = []
    /// The fleet's answers to lookups, by ticket.
    var answers: [(ticket: UInt64, answer: SharedTokenAnswer)] = []
    var isStopping = false
  }

  /// An order from outside the event loops, such as an operator's.
  enum Order: Sendable {
    case renew(TokenSlot)
    case drop(TokenSlot)
    /// An app's secrets were read again.
    case secrets(app: Int, [SecretBytes])
    /// Another process of this gateway has fetched the token.
    case handedOver(TokenSlot, HandedToken)
    /// A new key for what is shared with other gateways.
    case shareKey(SecretBytes)
    /// Another configuration.
    case configuration(TokenConfiguration)
  }

  /// The most orders that may wait; further ones are refused.
  static let maximumOrders = 2 * TokenSlotTable.maximumSlots

  private struct State {
    var content = Content()
    var isNeeded: [Bool]
  }

  private let state: Mutex<State>

  init(slotCount: Int) {
    state = Mutex(State(isNeeded: Array(repeating: false, count: slotCount)))
  }

  /// Allows `count` slots, not fewer than before.
  func allowSlots(below count: Int) {
    state.withLock { state in
      while state.isNeeded.count < count { state.isNeeded.append(false) }
    }
  }

  /// Adds a request for the token of `slot`. This and the next two functions return whether the thread must be woken,
  /// because the mailbox was empty.
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

  /// Adds orders. Returns false if too many are waiting.
  func order(_ orders: [Order]) -> Bool {
    state.withLock { state in
      guard state.content.orders.count + orders.count <= Self.maximumOrders else { return false }
      state.content.orders += orders
      return true
    }
  }

  /// Adds an answer of the fleet. Two for each slot are enough; further ones would be too late anyway.
  func answer(_ ticket: UInt64, _ answer: SharedTokenAnswer) -> Bool {
    state.withLock { state in
      guard state.content.answers.count < Self.maximumOrders else { return false }
      let wasEmpty = state.content.isEmpty
      state.content.answers.append((ticket, answer))
      return wasEmpty
    }
  }

  func stop() { state.withLock { $0.content.isStopping = true } }

  /// Takes everything. A stop remains set.
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
