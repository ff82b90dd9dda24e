import Testing

@testable import AccessTokens

@Suite("An app's secrets")
struct CredentialRotationTests {
  /// A manager of one app, its fetches in flight with the secret that each was sent with, and the reports.
  private struct Rig {
    var manager: TokenManager
    let slots: [TokenSlot]
    var inFlight: [(slot: TokenSlot, secret: UInt32)] = []
    var entries: [TokenSlot: TokenEntry] = [:]
    var used: [(generation: UInt32, isSwitch: Bool)] = []
    var checked = 0
    var sent = 0

    init(slots count: Int, secrets: Int) throws {
      var table = TokenSlotTable()
      slots = try (0..<count).map { try table.slot(for: 0, scopes: "scope\($0)") }
      manager = TokenManager(slots: table, lifetime: 900, secrets: [secrets])
    }

    mutating func take(_ actions: [TokenAction]) {
      for action in actions {
        switch action {
        case .startFetch(let request):
          inFlight.append((request.slot, request.secret))
          sent += 1
        case .publish(let slot, let entry): entries[slot] = entry
        case .useSecret(_, let generation, let isSwitch): used.append((generation, isSwitch))
        case .basicChecked: checked += 1
        }
      }
    }

    mutating func need(at now: Int64) { for slot in slots { take(manager.needed(slot, at: now)) } }

    /// Answers the oldest fetch: with a token if `good` holds for its secret, otherwise with a refusal.
    mutating func answer(at now: Int64, good: (UInt32) -> Bool) {
      let (slot, secret) = inFlight.removeFirst()
      take(
        manager.fetchFinished(
          slot,
          result: good(secret)
            ? .success(grant()) : .failure(failure(.refusedCredential(status: 401))),
          requestedAt: now, at: now, random: 0))
    }

    mutating func answerAll(at now: Int64, good: (UInt32) -> Bool) {
      while !inFlight.isEmpty { answer(at: now, good: good) }
    }
  }

  @Test(
    "a refused secret has the next one tried at once, by one fetch, and all the app's tokens follow"
  )
  func switches() throws {
    var rig = try Rig(slots: 4, secrets: 2)
    rig.need(at: 0)
    #expect(rig.inFlight.map(\.secret) == [1, 1, 1, 1])
    // Three are refused before anything is known about the other secret.
    for _ in 0..<3 { rig.answer(at: 1) { $0 == 2 } }
    #expect(rig.inFlight.map(\.secret) == [1, 2])
    rig.answer(at: 2) { $0 == 2 }
    #expect(rig.inFlight.map(\.secret) == [2])
    #expect(rig.used.isEmpty)
    rig.answer(at: 3) { $0 == 2 }
    #expect(rig.used.map(\.generation) == [2] && rig.used[0].isSwitch)
    #expect(rig.inFlight.map(\.secret) == [2, 2, 2])
    rig.answerAll(at: 4) { $0 == 2 }
    #expect(
      rig.slots.allSatisfy { rig.entries[$0]?.token != nil && rig.entries[$0]?.failure == nil })
    #expect(rig.sent == 8)
    #expect(rig.manager.record(of: rig.slots[0]).secretGeneration == 2)
    let app = rig.manager.record(of: 0, name: "main")
    #expect(app.switches == 1 && app.secretGeneration == 2 && !app.isSecretRefused)
  }

  @Test(
    "with all secrets refused, an app of many tokens asks at most once a secret in half a minute")
  func bothRefused() throws {
    var rig = try Rig(slots: 6, secrets: 2)
    rig.need(at: 0)
    rig.answerAll(at: 1) { _ in false }
    #expect(rig.sent == 7)
    for slot in rig.slots {
      #expect(rig.entries[slot]?.failure?.retryAt == 30 * second + 1)
      // It never worked, so no call waits for it.
      #expect(rig.entries[slot]?.failure?.heldUntil == 0)
    }
    // For an hour callers never stop calling, and every timer is served.
    var now: Int64 = 1
    let before = rig.sent
    while now < 3600 * second {
      now = rig.manager.nextTimer ?? now + second
      rig.take(rig.manager.timersDue(at: now) { _ in true })
      rig.need(at: now)
      rig.answerAll(at: now) { _ in false }
    }
    #expect(rig.sent - before <= 2 * 120)
    #expect(rig.sent - before >= 2 * 59)
  }

  @Test("callers wait for the next secret when one that worked is refused, for half a minute")
  func held() throws {
    var rig = try Rig(slots: 1, secrets: 1)
    rig.need(at: 0)
    rig.answerAll(at: 0) { _ in true }
    rig.take(rig.manager.rejected(rig.slots[0], generation: 1, withdraws: true, at: 20 * second))
    rig.answerAll(at: 20 * second) { _ in false }
    #expect(rig.entries[rig.slots[0]]?.failure?.heldUntil == 50 * second)
    #expect(rig.sent == 2)
    // A later round extends nothing.
    rig.take(rig.manager.timersDue(at: 50 * second) { _ in true })
    rig.answerAll(at: 50 * second) { _ in false }
    #expect(rig.entries[rig.slots[0]]?.failure?.heldUntil == 50 * second)
  }

  @Test("a secret that is replaced is tried at once; tokens of the old one stay until they end")
  func replaced() throws {
    var rig = try Rig(slots: 2, secrets: 1)
    rig.need(at: 0)
    rig.answerAll(at: 0) { _ in true }
    let old = rig.entries[rig.slots[1]]?.token
    rig.take(rig.manager.rejected(rig.slots[0], generation: 1, withdraws: true, at: 20 * second))
    rig.answerAll(at: 20 * second) { _ in false }
    let (generations, actions) = rig.manager.replaceSecrets(
      of: 0, known: [nil], at: 22 * second)
    #expect(generations == [2])
    rig.take(actions)
    #expect(rig.used.map(\.generation) == [2] && !rig.used[0].isSwitch)
    // Callers wait for it.
    #expect(rig.entries[rig.slots[0]] == .empty)
    #expect(rig.inFlight.map(\.secret) == [2])
    rig.answerAll(at: 22 * second) { $0 == 2 }
    #expect(rig.entries[rig.slots[0]]?.token?.generation == 2)
    #expect(rig.entries[rig.slots[1]]?.token == old)
  }

  @Test(
    "a request that was under way with the secret before the last is made again, not held against the new"
  )
  func stale() throws {
    var rig = try Rig(slots: 1, secrets: 1)
    rig.need(at: 0)
    rig.take(rig.manager.replaceSecrets(of: 0, known: [nil], at: 1).actions)
    rig.answer(at: 2) { $0 == 2 }
    #expect(rig.inFlight.map(\.secret) == [2])
    rig.answer(at: 3) { $0 == 2 }
    #expect(rig.entries[rig.slots[0]]?.token != nil)
  }

  @Test("the same configuration read again does not go back to the secret that was given up")
  func reloadAfterSwitch() throws {
    var rig = try Rig(slots: 1, secrets: 2)
    rig.need(at: 0)
    rig.answerAll(at: 1) { $0 == 2 }
    let (generations, _) = rig.manager.replaceSecrets(of: 0, known: [1, 2], at: second)
    #expect(generations == [1, 2])
    #expect(rig.manager.secretGeneration(of: 0) == 2)
    // The operator has moved it to its final place, and another one is waiting.
    let (moved, _) = rig.manager.replaceSecrets(of: 0, known: [2, nil], at: 2 * second)
    #expect(moved == [2, 3])
    #expect(rig.manager.secretGeneration(of: 0) == 2)
  }

  @Test(
    "a probe that fails for another reason is not taken for a refusal, and not repeated in a loop")
  func probeFails() throws {
    var rig = try Rig(slots: 2, secrets: 2)
    rig.need(at: 0)
    rig.answer(at: 1) { _ in false }
    rig.answer(at: 1) { _ in false }
    #expect(rig.inFlight.map(\.secret) == [2])
    let (slot, _) = rig.inFlight.removeFirst()
    rig.take(
      rig.manager.fetchFinished(
        slot, result: .failure(failure(.timedOut)), requestedAt: 1, at: 2, random: 0))
    #expect(rig.inFlight.isEmpty)
    #expect(rig.slots.allSatisfy { rig.entries[$0]?.failure?.reason == .timedOut })
    // The next attempt uses the secret that was not refused.
    rig.take(rig.manager.timersDue(at: second) { _ in true })
    #expect(rig.inFlight.map(\.secret) == [2])
  }

  @Test("a refused Basic credential is looked into by one fetch in ten seconds")
  func basic() throws {
    var rig = try Rig(slots: 2, secrets: 2)
    rig.need(at: 0)
    rig.answerAll(at: 0) { _ in true }
    rig.take(rig.manager.basicRefused(app: 0, operation: 7, generation: 1, at: second))
    rig.take(rig.manager.basicRefused(app: 0, operation: 7, generation: 1, at: second))
    #expect(rig.inFlight.map(\.secret) == [1])
    rig.answerAll(at: second) { _ in true }
    #expect(rig.checked == 1 && rig.used.isEmpty)
    rig.take(rig.manager.basicRefused(app: 0, operation: 7, generation: 1, at: 2 * second))
    #expect(rig.checked == 2 && rig.inFlight.isEmpty)
    rig.take(rig.manager.basicRefused(app: 0, operation: 7, generation: 1, at: 12 * second))
    rig.answerAll(at: 12 * second) { $0 == 2 }
    #expect(rig.used.map(\.generation) == [2])
    // Refusals of the old secret change nothing.
    rig.take(rig.manager.basicRefused(app: 0, operation: 7, generation: 1, at: 13 * second))
    #expect(rig.inFlight.isEmpty)
  }

  @Test("an operation that is always refused with Basic keeps no other from finding a new secret")
  func basicByOperation() throws {
    var rig = try Rig(slots: 1, secrets: 2)
    rig.need(at: 0)
    rig.answerAll(at: 0) { _ in true }
    rig.take(rig.manager.basicRefused(app: 0, operation: 7, generation: 1, at: second))
    rig.answerAll(at: second) { _ in true }
    // The secret was valid. A second later it is replaced, and the other operation is refused.
    rig.take(rig.manager.basicRefused(app: 0, operation: 8, generation: 1, at: 2 * second))
    rig.answerAll(at: 2 * second) { $0 == 2 }
    #expect(rig.used.map(\.generation) == [2])
  }

  @Test("an app whose fetches hang leaves others their place, and has at most eight under way")
  func fair() throws {
    var table = TokenSlotTable()
    var slots: [TokenSlot] = []
    for app in 0..<5 {
      for scope in 0..<12 { slots.append(try table.slot(for: app, scopes: "scope\(scope)")) }
    }
    var manager = TokenManager(slots: table, lifetime: 900)
    var started: [Int: Int] = [:]
    for slot in slots {
      for case .startFetch(let request) in manager.needed(slot, at: 0) {
        started[request.app, default: 0] += 1
      }
    }
    #expect(started == [0: 8, 1: 8, 2: 1, 3: 1, 4: 1])
    // A fetch that ends makes room for the same app's next one.
    let actions = manager.fetchFinished(
      slots[24], result: .success(grant()), requestedAt: 0, at: 1, random: 0)
    #expect(
      actions.contains {
        if case .startFetch(let request) = $0 { request.app == 2 } else { false }
      })
  }

  @Test("the runway is the least life left of what is used, and nothing when it fails")
  func runway() throws {
    var rig = try Rig(slots: 3, secrets: 1)
    func listing(_ used: [Bool], at now: Int64) -> TokenListing {
      let keys = zip(rig.slots, used).map { slot, isUsed in
        var record = rig.manager.record(of: slot)
        record.isUsed = isUsed
        return record
      }
      return TokenListing(now: now, endpoint: .application, keys: keys, apps: [])
    }
    #expect(listing([true, true, true], at: 0).runway == nil)
    for (slot, seconds) in zip(rig.slots.prefix(2), [100, 200] as [Int64]) {
      _ = rig.manager.needed(slot, at: 0)
      _ = rig.manager.fetchFinished(
        slot, result: .success(grant(seconds: seconds)), requestedAt: 0, at: 0, random: 0)
    }
    #expect(listing([true, true, false], at: 5 * second).runway == 90 * second)
    #expect(listing([false, true, false], at: 5 * second).runway == 190 * second)
    #expect(listing([false, false, false], at: 5 * second).runway == nil)
    _ = rig.manager.needed(rig.slots[2], at: 0)
    #expect(listing([true, true, true], at: 5 * second).runway == 0)
  }
}
