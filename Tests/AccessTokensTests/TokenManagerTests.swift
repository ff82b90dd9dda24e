import Testing

@testable import AccessTokens

@Suite("All tokens together")
struct TokenManagerTests {
  private func manager(slots count: Int) throws -> (TokenManager, [TokenSlot]) {
    var table = TokenSlotTable()
    let slots = try (0..<count).map { try table.slot(for: $0, scopes: "read") }
    return (TokenManager(slots: table, lifetime: 900), slots)
  }

  @Test("a fetch names the app, its scopes and the life to ask for")
  func request() throws {
    var (manager, slots) = try manager(slots: 2)
    #expect(
      manager.needed(slots[1], at: 0) == [
        .startFetch(
          TokenFetchRequest(slot: slots[1], app: 1, scopes: "read", lifetime: 900, mayShare: true))
      ])
    #expect(manager.needed(slots[1], at: 1) == [])
  }

  @Test("sixteen fetches run side by side, eight of an app, the others follow in their order")
  func bounded() throws {
    var table = TokenSlotTable()
    var slots: [TokenSlot] = []
    for app in 0..<2 {
      for scope in 0..<10 { slots.append(try table.slot(for: app, scopes: "scope\(scope)")) }
    }
    var manager = TokenManager(slots: table, lifetime: 900)
    var started: [Int] = []
    func note(_ actions: [TokenAction]) {
      for case .startFetch(let request) in actions { started.append(request.slot.index) }
    }
    for slot in slots { note(manager.needed(slot, at: 0)) }
    #expect(started == Array(0..<8) + Array(10..<18))
    #expect(manager.fetchesInFlight == 16)
    note(
      manager.fetchFinished(
        slots[3], result: .failure(failure()), requestedAt: 0, at: 1, random: 0))
    note(
      manager.fetchFinished(
        slots[10], result: .success(grant()), requestedAt: 0, at: 1, random: 0))
    #expect(started.suffix(2) == [8, 18])
    #expect(manager.fetchesInFlight == 16)
  }

  @Test("the next timer is the earliest of all, and fires only its own slot")
  func timers() throws {
    var (manager, slots) = try manager(slots: 3)
    #expect(manager.nextTimer == nil)
    for (slot, seconds) in zip(slots, [300, 100, 200] as [Int64]) {
      _ = manager.needed(slot, at: 0)
      _ = manager.fetchFinished(
        slot, result: .success(grant(seconds: seconds)), requestedAt: 0, at: 0, random: 0)
    }
    #expect(manager.nextTimer == 70 * second)
    var asked: [TokenSlot] = []
    let actions = manager.timersDue(at: 70 * second) {
      asked.append($0)
      return true
    }
    #expect(asked == [slots[1]])
    #expect(
      actions == [
        .startFetch(
          TokenFetchRequest(slot: slots[1], app: 1, scopes: "read", lifetime: 900, mayShare: true))
      ])
    #expect(manager.nextTimer == 95 * second)
  }

  @Test("a refusal is passed to its slot alone")
  func rejection() throws {
    var (manager, slots) = try manager(slots: 2)
    for slot in slots {
      _ = manager.needed(slot, at: 0)
      _ = manager.fetchFinished(
        slot, result: .success(grant()), requestedAt: 0, at: 0, random: 0)
    }
    let actions = manager.rejected(slots[1], generation: 1, withdraws: true, at: 10 * second)
    #expect(actions.first == .publish(slots[1], .empty))
    #expect(actions.count == 2)
  }
}
