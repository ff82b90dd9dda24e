package import AccessTokens
internal import Synchronization
internal import System

/// What the service thread shows to other threads that list the tokens.
final class TokenBoard: Sendable {
  private struct State {
    var keys: [TokenRecord]
    var apps: [TokenAppRecord]
    var share: TokenShareFigures?
  }

  private let state: Mutex<State>

  init(slots: TokenSlotTable, apps: [String]) {
    let keys = (0..<slots.count).map { index in
      let slot = TokenSlot(index: index)
      return TokenRecord(slot: slot, app: slots[slot].app, scopes: slots[slot].scopes)
    }
    state = Mutex(State(keys: keys, apps: apps.map { TokenAppRecord(name: $0) }))
  }

  /// Takes over the slots and apps of another configuration.
  func adopt(_ slots: TokenSlotTable, renewed: [TokenSlot], apps: [String], newApps: Set<Int>) {
    state.withLock { state in
      for slot in renewed {
        let record = TokenRecord(slot: slot, app: slots[slot].app, scopes: slots[slot].scopes)
        if slot.index < state.keys.count {
          state.keys[slot.index] = record
        } else {
          state.keys.append(record)
        }
      }
      for (app, name) in apps.enumerated() {
        if app == state.apps.count {
          state.apps.append(TokenAppRecord(name: name))
        } else if newApps.contains(app) || state.apps[app].name != name {
          state.apps[app] = TokenAppRecord(name: name)
        }
      }
    }
  }

  func update(slots: [TokenRecord], apps: [(index: Int, record: TokenAppRecord)]) {
    state.withLock { state in
      for record in slots { state.keys[record.slot.index] = record }
      for (index, record) in apps { state.apps[index] = record }
    }
  }

  func update(share: TokenShareFigures?) {
    state.withLock { $0.share = share }
  }

  var content: (keys: [TokenRecord], apps: [TokenAppRecord], share: TokenShareFigures?) {
    state.withLock { ($0.keys, $0.apps, $0.share) }
  }
}

extension TokenService {
  /// Every key and every app as they are now. May be called on any thread; does not wait for the service thread.
  package func listing() -> TokenListing {
    var (keys, apps, share) = board.content
    let settings = settings
    for index in apps.indices where index < settings.apps.count {
      apps[index].isInForce = settings.apps[index].isInForce
    }
    keys.removeAll { $0.app < 0 || !apps[$0.app].isInForce }
    for index in keys.indices {
      let slot = keys[index].slot
      keys[index].uses = store.uses(of: slot)
      keys[index].isUsed = keys[index].isUsed || store.isUsed(slot)
    }
    var listing = TokenListing(
      now: clock.monotonic, endpoint: settings.place.endpoint, keys: keys, apps: apps)
    listing.share = share
    return listing
  }
}
