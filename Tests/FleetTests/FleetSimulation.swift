@testable import Fleet
@testable import RateLimiting

let millisecond: Int64 = 1_000_000
let second: Int64 = 1_000_000_000

/// A reproducible source of random numbers (Steele, Lea and Flood).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Several gateways with one limit and one store, in virtual time: clocks that run at different speeds, messages that are
/// late or lost, gateways that are killed and come again, a store whose clock jumps back.
struct FleetSimulation {
  struct World {
    /// Calls in a second that each gateway has.
    var demand: [Double]
    /// Of messages, in each direction.
    var lost = 0.0
    /// Nanoseconds on the way.
    var delay: ClosedRange<Int64> = 200_000...2_000_000
    /// How much faster or slower a gateway's clock runs, at most.
    var drift = 0.0
    /// Of gateways in a second.
    var killed = 0.0
    /// Jumps back of the store's clock in a second.
    var jumps = 0.0
    /// Jumps ahead of it in a second, of a minute each.
    var leaps = 0.0
  }

  struct Result {
    var admitted: [Int] = []
    /// Questions to the store.
    var questions = 0
    /// The fewest calls that the limit had left, in the books of one who sees every call; below 0 it was exceeded.
    var fewestLeft = Double.infinity
    var longestWait: [Int64] = []
  }

  private struct Gateway {
    var id: String
    var holder: LeaseHolder
    var cell = QuotaCell()
    var quota: Quota
    var isOpen = false
    var rate: Double
    var waiting: [Int64] = []
    var admitted: UInt64 = 0
    var link = 0
    var lastLook: Int64 = 0

    func clock(_ time: Int64) -> Int64 { Int64(Double(time) * rate) + 1_000 * second }
  }

  private struct Message {
    var at: Int64
    var gateway: Int
    var id: String
    /// The connection that it comes over: one that was given up brings nothing any more.
    var link: Int
    var words: [String]?
    var answer: LeaseAnswer?
  }

  let terms: LeaseTerms
  let world: World
  var store = ModelStore()
  private var random: SplitMix64
  private var gateways: [Gateway] = []
  private var messages: [Message] = []
  private var result = Result()
  private var storeOffset: Int64 = 1_000_000_000_000
  private var born = 0

  init(_ terms: LeaseTerms, _ world: World, seed: UInt64) {
    self.terms = terms
    self.world = world
    random = SplitMix64(state: seed)
    for _ in world.demand { gateways.append(begin()) }
    result.admitted = world.demand.map { _ in 0 }
    result.longestWait = world.demand.map { _ in 0 }
  }

  private mutating func begin() -> Gateway {
    born += 1
    let rate =
      world.drift > 0 ? 1 + Double.random(in: -world.drift...world.drift, using: &random) : 1
    return Gateway(
      id: "g\(born)", holder: LeaseHolder(terms),
      quota: terms.quota ?? Quota(count: 1, period: 1, burst: 1),
      rate: rate)
  }

  /// - Parameter warmUp: until then nothing is counted as used, and nobody waits.
  mutating func run(_ duration: Int64, warmUp: Int64 = 0, step: Int64 = 5 * millisecond) -> Result {
    let perStep = Double(step) / Double(second)
    let (burst, rate) = (Double(terms.burst), Double(terms.count) / Double(terms.period))
    var left = burst
    var now: Int64 = 0
    while now < duration {
      now += step
      left = min(burst, left + Double(step) * rate)
      if Double.random(in: 0..<1, using: &random) < world.jumps * perStep {
        storeOffset -= Int64.random(in: 0...100_000_000, using: &random)
      }
      if Double.random(in: 0..<1, using: &random) < world.leaps * perStep {
        storeOffset += 60 * second
      }
      deliver(now)
      for index in gateways.indices {
        if Double.random(in: 0..<1, using: &random) < world.killed * perStep {
          gateways[index] = begin()
        }
        var calls = world.demand[index] * perStep
        while calls > 0, calls >= 1 || Double.random(in: 0..<1, using: &random) < calls {
          if gateways[index].waiting.count < 200 { gateways[index].waiting.append(now) }
          calls -= 1
        }
        let own = gateways[index].clock(now)
        lapse(index, own)
        while gateways[index].isOpen, let first = gateways[index].waiting.first,
          gateways[index].cell.take(gateways[index].quota, at: own) == 0
        {
          gateways[index].waiting.removeFirst()
          gateways[index].admitted += 1
          left -= 1
          result.fewestLeft = min(result.fewestLeft, left)
          if now > warmUp {
            result.admitted[index] += 1
            result.longestWait[index] = max(result.longestWait[index], now - max(first, warmUp))
          }
        }
        look(index, now, own)
      }
    }
    return result
  }

  private mutating func lapse(_ index: Int, _ own: Int64) {
    if gateways[index].holder.lapse(at: own) { gateways[index].isOpen = false }
  }

  private mutating func look(_ index: Int, _ now: Int64, _ own: Int64) {
    guard own - gateways[index].lastLook >= 50 * millisecond || !gateways[index].waiting.isEmpty
    else { return }
    let gateway = gateways[index]
    gateways[index].lastLook = own
    gateways[index].holder.note(
      ShareUse(
        key: ShareKey(limit: 0, app: 0, caller: 0), admitted: gateway.admitted,
        waiting: gateway.waiting.count, inUse: 0,
        isSpent: false, used: 0), at: own)
    // A question that nobody answers is given up after a second, as the link does.
    if let asked = openSince[gateway.id], now - asked > second {
      gateways[index].holder.giveUp()
      gateways[index].link += 1
      openSince[gateway.id] = nil
    }
    guard let question = gateways[index].holder.question(at: own) else { return }
    openSince[gateway.id] = now
    result.questions += 1
    send(
      Message(
        at: now, gateway: index, id: gateway.id, link: gateways[index].link,
        words: question.words(
          gateway.id, terms, validity: LeaseTimes().storeValidity)))
  }

  private var openSince: [String: Int64] = [:]

  private mutating func send(_ message: Message) {
    guard Double.random(in: 0..<1, using: &random) >= world.lost else { return }
    var message = message
    message.at += Int64.random(in: world.delay, using: &random)
    messages.append(message)
  }

  private mutating func deliver(_ now: Int64) {
    let due = messages.filter { $0.at <= now }.sorted { $0.at < $1.at }
    messages.removeAll { $0.at <= now }
    for message in due {
      if let words = message.words {
        let answer = LeaseAnswer(store.ask(words, at: (now + storeOffset) / 1000))
        send(
          Message(
            at: now, gateway: message.gateway, id: message.id, link: message.link, answer: answer))
      } else if let answer = message.answer, gateways[message.gateway].id == message.id,
        gateways[message.gateway].link == message.link
      {
        take(answer, message.gateway, now)
      }
    }
  }

  private mutating func take(_ answer: LeaseAnswer, _ index: Int, _ now: Int64) {
    let own = gateways[index].clock(now)
    lapse(index, own)
    openSince[gateways[index].id] = nil
    guard
      case .share(let share, let moves, let missing) = gateways[index].holder.answered(
        answer, at: own)
    else { return }
    // As the limiter does it.
    var limiter = try! Limiter(
      LimiterSettings(rules: [.shared(terms)], appCount: 1, callerCount: 1))
    var (cell, quota) = (gateways[index].cell, gateways[index].quota)
    let owed = limiter.exchange(&cell, &quota, share, moves: moves, missing: missing, at: own)
    (gateways[index].cell, gateways[index].quota) = (cell, quota)
    gateways[index].holder.noteOwed(owed)
    if case .part = share { gateways[index].isOpen = true } else { gateways[index].isOpen = false }
  }
}

extension LimitRule {
  static func shared(_ terms: LeaseTerms) -> LimitRule {
    var rule = LimitRule(
      name: "l", per: .app, rate: Rate(count: Int(terms.count), period: terms.period),
      burst: Int(terms.burst))
    rule.isShared = true
    return rule
  }
}

extension Limiter {
  /// Has a cell take another share as the limiter's own cells do.
  mutating func exchange(
    _ cell: inout QuotaCell, _ quota: inout Quota, _ share: LimitShare, moves: Bool, missing: Int64,
    at now: Int64
  ) -> Int64 {
    buckets[0].cell = cell
    buckets[0].quota = quota
    let owed = setShare(
      ShareKey(limit: 0, app: 0, caller: 0), share, moves: moves, missing: missing, at: now)
    (cell, quota) = (buckets[0].cell, buckets[0].quota)
    return owed ?? 0
  }
}
