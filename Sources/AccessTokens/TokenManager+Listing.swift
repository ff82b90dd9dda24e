internal import Histograms

/// What is kept for the listing of tokens, and how it is presented.
extension TokenManager {
  /// Notes on one slot.
  struct SlotNotes: Sendable {
    var fetches: [String: UInt64] = [:]
    var lastFailure: TokenFailure?
    var lastFailureAt: Int64?
    /// Generation of the secret that the newest token was granted for.
    var secretGeneration: UInt32 = 0
    /// The token was in use when its last fetch started.
    var wasUsed = false
    /// This gateway must fetch the next token itself: the last one was refused, or a fresh one was requested.
    var needsOwn = false
    /// Another gateway fetched the newest token.
    var isShared = false
  }

  /// Notes on one app.
  struct AppNotes: Sendable {
    var switches: UInt64 = 0
    var durations = BucketCounts(.tokenFetches)
  }

  /// Notes whether `slot` was in use; a fetch starts, and its used mark is about to be cleared.
  package mutating func noteUse(of slot: TokenSlot, _ isUsed: Bool) {
    notes[slot.index].wasUsed = isUsed
    touchedSlots.insert(slot.index)
  }

  mutating func note(
    _ result: Result<AccessToken, TokenFailure>, of slot: TokenSlot, requestedAt: Int64,
    at now: Int64
  ) {
    let app = slots[slot].app
    appNotes[app].durations.add(now - requestedAt)
    switch result {
    case .success: notes[slot.index].fetches["ok", default: 0] += 1
    case .failure(let failure):
      notes[slot.index].fetches[failure.reason.label, default: 0] += 1
      notes[slot.index].lastFailure = failure
      notes[slot.index].lastFailureAt = now
    }
  }

  /// Returns the slots and apps whose records have changed since the last call.
  package mutating func takeTouched() -> (slots: [TokenSlot], apps: [Int]) {
    let touched = (touchedSlots.map { TokenSlot(index: $0) }, Array(touchedApps))
    touchedSlots.removeAll(keepingCapacity: true)
    touchedApps.removeAll(keepingCapacity: true)
    return touched
  }

  /// The record of `slot`. Its owner adds the uses and any later use.
  package func record(of slot: TokenSlot) -> TokenRecord {
    let key = slots[slot]
    let notes = notes[slot.index]
    var record = TokenRecord(slot: slot, app: key.app, scopes: key.scopes)
    machines[slot.index].describe(in: &record)
    if record.fingerprint != nil {
      record.secretGeneration = notes.secretGeneration
      record.isShared = notes.isShared
    }
    record.lastFailure = notes.lastFailure
    record.lastFailureAt = notes.lastFailureAt
    record.isUsed = notes.wasUsed
    record.fetches = notes.fetches
    return record
  }

  /// The record of the app at `index`, called `name`.
  package func record(of index: Int, name: String) -> TokenAppRecord {
    var record = TokenAppRecord(name: name)
    record.secretGeneration = rotations[index].generation
    record.hasNextSecret = rotations[index].hasNext
    record.isSecretRefused = rotations[index].isRefused
    record.switches = appNotes[index].switches
    record.durations = appNotes[index].durations
    return record
  }
}

extension TokenStateMachine {
  /// The token in use.
  var token: PublishedToken? {
    switch phase {
    case .fresh(let token, _), .refreshing(let token): token
    case .empty, .fetching, .failing: nil
    }
  }

  /// Adds state, token and times.
  func describe(in record: inout TokenRecord) {
    record.failure = lastFailure
    switch phase {
    case .empty: record.state = .empty
    case .fetching: record.state = .fetching
    case .fresh(_, let renewAt):
      record.state = .fresh
      record.nextAt = renewAt
    case .refreshing: record.state = .refreshing
    case .failing(let failure):
      record.state = .failing
      record.nextAt = failure.retryAt
    }
    guard let token else { return }
    record.fingerprint = token.fingerprint
    record.generation = token.generation
    record.requestedAt = token.requestedAt
    record.usableUntil = token.usableUntil
  }
}
