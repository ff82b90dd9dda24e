package import AccessTokens
internal import Synchronization
internal import System

/// What the service thread shows to those who look at the tokens from other threads.
final class TokenBoard: Sendable {
  private struct State {
    var keys: [TokenRecord]
    var apps: [TokenAppRecord]
  }

  private let state: Mutex<State>

  init(slots: TokenSlotTable, apps: [String]) {
    let keys = (0..<slots.count).map { index in
      let slot = TokenSlot(index: index)
      return TokenRecord(slot: slot, app: slots[slot].app, scopes: slots[slot].scopes)
    }
    state = Mutex(State(keys: keys, apps: apps.map { TokenAppRecord(name: $0) }))
  }

  func update(slots: [TokenRecord], apps: [(index: Int, record: TokenAppRecord)]) {
    state.withLock { state in
      for record in slots { state.keys[record.slot.index] = record }
      for (index, record) in apps { state.apps[index] = record }
    }
  }

  var content: (keys: [TokenRecord], apps: [TokenAppRecord]) {
    state.withLock { ($0.keys, $0.apps) }
  }
}

extension TokenService {
  /// Every key and every app as they are now. Any thread; waits for nobody.
  package func listing() -> TokenListing {
    var (keys, apps) = board.content
    for index in keys.indices {
      let slot = TokenSlot(index: index)
      keys[index].uses = store.uses(of: slot)
      keys[index].isUsed = keys[index].isUsed || store.isUsed(slot)
    }
    return TokenListing(
      now: clock.monotonic, endpoint: settings.endpoint, keys: keys, apps: apps)
  }
}
