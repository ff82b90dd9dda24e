import Testing

@testable import AccessTokens

/// A token's slot, its machine and its refusals, with an upstream that ends tokens and refuses operations. Times are in
/// seconds, with one call of each operation per second.
private struct Playbook {
  var refusals = TokenRefusals()
  var machine = TokenStateMachine(schedule: RefreshSchedule())
  let slot = TokenSlot(index: 0)
  /// The newest generation that the upstream has ended.
  var ended: UInt32 = 0
  var shown = TokenEntry.empty
  var fetches = 0
  /// The seconds in which a call was answered with 502, by operation.
  var failed: [UInt8: [Int]] = [:]

  init() { take(machine.needed(at: 0), at: 0) }

  private mutating func take(_ actions: [TokenStateMachine.Action], at now: Int64) {
    for action in actions {
      switch action {
      case .publish(let entry): shown = entry
      case .startFetch:
        fetches += 1
        take(
          machine.fetchSucceeded(
            grant(seconds: 900), requestedAt: now, at: now + 1, random: 0), at: now)
      case .armTimer(let at):
        // A fetch postponed by the minimum interval, for which the caller waits.
        if at - now <= second / 2 { take(machine.timerFired(at: at, used: true), at: at) }
      }
    }
  }

  /// Makes a call, and repeats it if its token was refused. With `alwaysRefused`, every token is refused.
  mutating func call(_ operation: UInt8, alwaysRefused: Bool = false, at seconds: Int) {
    let now = Int64(seconds) * second + Int64(operation) * 1000
    for isSecond in [false, true] {
      guard let token = shown.token else { return }
      if token.generation > ended, !alwaysRefused {
        if isSecond { refusals.worked(slot, operation: operation) }
        return
      }
      let refusal = TokenRefusals.Refusal(
        generation: token.generation, isSecond: isSecond, isReplayable: true)
      let verdict = refusals.refused(slot, operation: operation, refusal, at: now)
      guard case .renew(let withdraws) = verdict, !isSecond else { break }
      take(
        withdraws
          ? machine.rejected(generation: token.generation, at: now)
          : machine.doubted(generation: token.generation, at: now), at: now)
    }
    failed[operation, default: []].append(seconds)
  }

  mutating func endTokens() { ended = shown.token?.generation ?? ended }
}

@Suite("Refusals of a token, by operation")
struct TokenRefusalsTests {
  @Test("an operation that is always refused does not keep others from a fresh token")
  func oneRefusedAlways() {
    var playbook = Playbook()
    for seconds in 1..<600 {
      if seconds == 300 { playbook.endTokens() }
      playbook.call(1, alwaysRefused: true, at: seconds)
      for operation in [2, 3, 4] as [UInt8] { playbook.call(operation, at: seconds) }
    }
    #expect(Set(playbook.failed.keys) == [1])
    // At the start and at 1, 11, 31, 71, 151 and 311 s for that operation, and once for the others.
    #expect(playbook.fetches <= 8)
  }

  @Test("tokens that claim 900 s and end after 20 s are replaced each time, unseen")
  func shortLives() {
    var playbook = Playbook()
    for seconds in 1..<260 {
      if seconds % 20 == 0 { playbook.endTokens() }
      for operation in 1...5 as ClosedRange<UInt8> { playbook.call(operation, at: seconds) }
    }
    #expect(playbook.failed.isEmpty)
    #expect(playbook.fetches == 1 + 12)
  }

  @Test("an upstream that ends all tokens again 8 s after each recovery costs nobody a call")
  func restarts() {
    var playbook = Playbook()
    for seconds in 1..<60 {
      if seconds % 8 == 0 { playbook.endTokens() }
      playbook.call(1, at: seconds)
      playbook.call(2, at: seconds)
    }
    #expect(playbook.failed.isEmpty)
    #expect(playbook.fetches == 1 + 7)
  }

  @Test("an operation refused with fresh tokens brings about one in 10, 20, 40, up to 300 s")
  func pauses() {
    var playbook = Playbook()
    var at: [Int] = []
    for seconds in 2..<2000 {
      let before = playbook.fetches
      playbook.call(1, alwaysRefused: true, at: seconds)
      if playbook.fetches > before { at.append(seconds) }
    }
    #expect(at == [2, 12, 32, 72, 152, 312, 612, 912, 1212, 1512, 1812])
  }

  @Test(
    "every operation refused for ever: two fetches a second at first, one in two seconds for good")
  func worstLoad() {
    var playbook = Playbook()
    var early = 0
    for seconds in 2..<2402 {
      for operation in 0...161 as ClosedRange<UInt8> {
        playbook.call(operation, alwaysRefused: true, at: seconds)
      }
      if seconds == 601 { early = playbook.fetches }
    }
    // Simultaneous calls share fetches. The bound is one fetch per 300 s for each of 162 operations.
    #expect(Double(playbook.fetches - early) / 1800 <= 162.0 / 300)
  }

  @Test(
    "a second operation refused with the same token withdraws it; one known to be refused does not")
  func withdrawal() {
    var refusals = TokenRefusals()
    let slot = TokenSlot(index: 0)
    func first(_ generation: UInt32) -> TokenRefusals.Refusal {
      TokenRefusals.Refusal(generation: generation, isSecond: false, isReplayable: true)
    }
    #expect(refusals.refused(slot, operation: 1, first(1), at: 0) == .renew(withdraws: false))
    #expect(refusals.refused(slot, operation: 1, first(1), at: 1) == .renew(withdraws: false))
    #expect(refusals.refused(slot, operation: 2, first(1), at: 2) == .renew(withdraws: true))
    // The new token is refused for operation 1 too.
    let second = TokenRefusals.Refusal(generation: 2, isSecond: true, isReplayable: true)
    #expect(refusals.refused(slot, operation: 1, second, at: 3) == .stay)
    #expect(!refusals.mayRenew(slot, operation: 1, at: 4))
    #expect(refusals.mayRenew(slot, operation: 2, at: 4))
    let later = 11 * 1_000_000_000 as Int64
    #expect(refusals.refused(slot, operation: 1, first(2), at: later) == .renew(withdraws: false))
    #expect(refusals.refused(slot, operation: 3, first(2), at: later) == .renew(withdraws: false))
    #expect(refusals.refused(slot, operation: 1, first(2), at: later) == .renew(withdraws: false))
  }

  @Test(
    "uploads, which cannot be made again, pause after the second in ten seconds, and only then")
  func uploads() {
    var refusals = TokenRefusals()
    let slot = TokenSlot(index: 0)
    func upload(_ generation: UInt32) -> TokenRefusals.Refusal {
      TokenRefusals.Refusal(generation: generation, isSecond: false, isReplayable: false)
    }
    #expect(refusals.refused(slot, operation: 1, upload(1), at: 0) == .renew(withdraws: false))
    #expect(
      refusals.refused(slot, operation: 1, upload(2), at: 9 * second) == .stay)
    #expect(refusals.refused(slot, operation: 1, upload(2), at: 18 * second) == .stay)
    #expect(
      refusals.refused(slot, operation: 1, upload(2), at: 19 * second) == .renew(withdraws: false))
    // Much later it is checked separately.
    #expect(
      refusals.refused(slot, operation: 1, upload(9), at: 900 * second) == .renew(withdraws: false))
  }
}
