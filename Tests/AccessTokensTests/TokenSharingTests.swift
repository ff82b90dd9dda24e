import Testing

@testable import AccessTokens

@Suite("When a token of another gateway does")
struct TokenSharingTests {
  private func manager(secrets: [Int] = []) throws -> (TokenManager, TokenSlot, TokenSlot) {
    var table = TokenSlotTable()
    let slots = [try table.slot(for: 0, scopes: "a"), try table.slot(for: 0, scopes: "b")]
    return (TokenManager(slots: table, lifetime: 900, secrets: secrets), slots[0], slots[1])
  }

  private func mayShare(_ actions: [TokenAction]) -> [Bool] {
    actions.compactMap { if case .startFetch(let request) = $0 { request.mayShare } else { nil } }
  }

  private func grantNow(
    _ manager: inout TokenManager, _ slot: TokenSlot, at now: Int64, isShared: Bool = false
  ) {
    _ = manager.fetchFinished(
      slot, result: .success(grant(seconds: 900)), requestedAt: now, at: now, random: 0,
      isShared: isShared)
  }

  @Test(
    "for the first one and for renewals; it counts as no fetch, and as what the secret is good for")
  func first() throws {
    var (manager, slot, _) = try manager()
    #expect(mayShare(manager.needed(slot, at: 0)) == [true])
    grantNow(&manager, slot, at: 0, isShared: true)
    let record = manager.record(of: slot)
    #expect(record.isShared && record.fetches.isEmpty && record.secretGeneration == 1)
    #expect(mayShare(manager.timersDue(at: 700 * second) { _ in true }) == [true])
    grantNow(&manager, slot, at: 700 * second)
    #expect(!manager.record(of: slot).isShared)
    #expect(manager.record(of: slot).fetches == ["ok": 1])
  }

  @Test("not after a refusal, nor when an operator wants another one; from the next one on again")
  func fresh() throws {
    let wishes: [(String, (inout TokenManager, TokenSlot) -> [TokenAction])] = [
      ("refused", { $0.rejected($1, generation: 1, withdraws: true, at: 10 * second) }),
      ("doubted", { $0.rejected($1, generation: 1, withdraws: false, at: 10 * second) }),
      ("renewed", { $0.renew($1, at: 10 * second) }),
      ("dropped", { $0.drop($1, at: 10 * second) + $0.needed($1, at: 10 * second) }),
      ("basic", { $0.basicRefused(app: $1.index, operation: 1, generation: 1, at: 10 * second) }),
    ]
    for (name, wish) in wishes {
      var (manager, slot, other) = try manager()
      _ = manager.needed(slot, at: 0)
      grantNow(&manager, slot, at: 0)
      #expect(mayShare(wish(&manager, slot)) == [false], "\(name)")
      #expect(!manager.mayShare(slot, secret: 1), "\(name)")
      #expect(mayShare(manager.needed(other, at: 10 * second)) == [true], "\(name)")
      grantNow(&manager, slot, at: 11 * second)
      #expect(mayShare(manager.timersDue(at: 800 * second) { _ in true }).first == true, "\(name)")
    }
  }

  @Test("not while it is in doubt which secret is good")
  func doubt() throws {
    var (manager, slot, other) = try manager(secrets: [2])
    _ = manager.needed(slot, at: 0)
    let again = manager.fetchFinished(
      slot, result: .failure(failure(.refusedCredential(status: 401))), requestedAt: 0, at: 0,
      random: 0)
    #expect(mayShare(again) == [false])
    // It waits for the result.
    #expect(mayShare(manager.needed(other, at: 1)) == [])
    let released = manager.fetchFinished(
      slot, result: .success(grant(seconds: 900)), requestedAt: 1, at: 1, random: 0)
    #expect(mayShare(released) == [true])
  }

  @Test("what an older token is refused for says nothing about this one")
  func late() throws {
    var (manager, slot, _) = try manager()
    _ = manager.needed(slot, at: 0)
    grantNow(&manager, slot, at: 0)
    _ = manager.renew(slot, at: 10 * second)
    grantNow(&manager, slot, at: 10 * second)
    #expect(manager.rejected(slot, generation: 1, withdraws: true, at: 20 * second).isEmpty)
    #expect(manager.mayShare(slot, secret: 1))
  }
}
