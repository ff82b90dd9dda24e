import Testing

@testable import AccessTokens

/// Tens of thousands of random sequences of events.
@Suite("Tokens of a few apps, whatever happens")
struct TokenSequenceTests {
  /// The manager and its environment: what is in flight, what is published, what was promised.
  private struct World {
    var random: SplitMix64
    var manager: TokenManager
    let slots: [TokenSlot]
    var now: Int64 = 0
    var inFlight: [(slot: TokenSlot, startedAt: Int64)] = []
    var shown: [TokenEntry]
    var ends: [[UInt32: Int64]]
    var waits: [Bool]
    var problem: String?

    init(seed: UInt64) {
      random = SplitMix64(state: seed)
      var table = TokenSlotTable()
      var slots: [TokenSlot] = []
      for app in 0..<2 {
        for scope in ["a", "b", "c"] {
          if let slot = try? table.slot(for: app, scopes: scope) { slots.append(slot) }
        }
      }
      self.slots = slots
      manager = TokenManager(slots: table, lifetime: 900, secrets: [1, 2])
      shown = slots.map { _ in .empty }
      ends = slots.map { _ in [:] }
      waits = slots.map { _ in false }
    }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func take(_ actions: [TokenAction]) {
      for action in actions {
        switch action {
        case .startFetch(let request):
          if inFlight.contains(where: { $0.slot == request.slot }) {
            problem = "two fetches of one slot"
          }
          inFlight.append((request.slot, now))
        case .publish(let slot, let entry):
          shown[slot.index] = entry
          if let token = entry.token {
            if token.usableUntil <= now { problem = "a token shown after its end" }
            guard let end = ends[slot.index][token.generation] else {
              problem = "a token that was never granted"
              return
            }
            if token.usableUntil >= end { problem = "a token shown beyond its life" }
          }
          if entry.token != nil || entry.failure != nil { waits[slot.index] = false }
        case .useSecret, .basicChecked: break
        }
      }
    }

    mutating func step() {
      // Half of the steps go exactly to the next timer, which the service never misses.
      let timer = manager.nextTimer
      let leap = Int64.random(
        in: 0...(1 << Int64.random(in: 0...36, using: &random)), using: &random)
      now = min(now + leap, max(now, timer ?? .max))
      if let timer, timer <= now {
        let used = Bool.random(using: &random)
        take(manager.timersDue(at: now) { _ in used })
      }
      let slot = slots[number(0..<slots.count)]
      switch number(0..<12) {
      case 0...2:
        waits[slot.index] =
          shown[slot.index].token.map { now >= $0.usableUntil }
          ?? (shown[slot.index].failure == nil)
        take(manager.needed(slot, at: now))
      case 3...6 where !inFlight.isEmpty: finish()
      case 7:
        take(
          manager.rejected(
            slot, generation: shown[slot.index].token?.generation ?? UInt32(number(0..<4)),
            withdraws: Bool.random(using: &random), at: now)
        )
      case 8: take(manager.renew(slot, at: now))
      case 9:
        waits[slot.index] = false
        take(manager.drop(slot, at: now))
      case 10:
        let app = number(0..<2)
        let known: [UInt32?] = [
          Bool.random(using: &random) ? nil : manager.secretGeneration(of: app)
        ]
        take(manager.replaceSecrets(of: app, known: known, at: now).actions)
      default:
        take(
          manager.basicRefused(
            app: number(0..<2), operation: UInt8(number(0..<3)), generation: UInt32(number(0..<4)),
            at: now))
      }
      check()
    }

    private mutating func finish() {
      let (slot, startedAt) = inFlight.remove(at: number(0..<inFlight.count))
      let result: Result<AccessToken, TokenFailure>
      switch number(0..<4) {
      case 0, 1:
        let life = Int64(number(1..<5000))
        // A success would get the next generation, but the result may be dropped.
        let next = (ends[slot.index].keys.max() ?? 0) &+ 1
        ends[slot.index][next] = startedAt + life * second
        result = .success(grant(seconds: life))
      case 2: result = .failure(failure(.timedOut))
      default: result = .failure(failure(.refusedCredential(status: 401)))
      }
      let before = ends[slot.index].keys.max() ?? 0
      take(
        manager.fetchFinished(
          slot, result: result, requestedAt: startedAt, at: now, random: random.next()))
      // It had expired on arrival, so it got no generation.
      if case .success = result, shown[slot.index].token?.generation != before {
        ends[slot.index][before] = nil
      }
    }

    private mutating func check() {
      if manager.fetchesInFlight != inFlight.count { problem = "fetches are miscounted" }
      for slot in slots {
        if let token = shown[slot.index].token, now >= token.usableUntil,
          manager.nextTimer.map({ $0 > now }) ?? true
        {
          problem = "an ended token is still shown, and no timer is due"
        }
        if waits[slot.index], inFlight.isEmpty, manager.nextTimer == nil {
          problem = "a caller is forgotten"
        }
      }
    }
  }

  @Test(
    "100,000 sequences: one fetch a key at most, nothing served after its end, no caller forgotten",
    arguments: 0..<20 as Range<UInt64>)
  func sequences(block: UInt64) {
    for number in 0..<5000 as Range<UInt64> {
      let seed = block * 5000 + number
      var world = World(seed: seed)
      for step in 0..<30 {
        world.step()
        if let problem = world.problem {
          Issue.record("seed \(seed), step \(step): \(problem)")
          return
        }
      }
    }
  }
}
