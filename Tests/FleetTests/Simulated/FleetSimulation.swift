@testable import Fleet
@testable import RateLimiting

/// Several gateways with one limit and one store, in virtual time.
struct FleetSimulation: ~Copyable {
  struct Result {
    var admitted: [Int] = []
    /// The number of questions to the store.
    var questions = 0
    /// The fewest calls that were left of the limit, for an observer of every call. A negative value means that it was
    /// exceeded.
    var fewestLeft = Double.infinity
    /// The fewest additional calls that could have been in progress when one started. A negative value means that there
    /// were too many.
    var fewestPlaces = Int64.max
    var longestWait: [Int64] = []
  }

  /// How long a call waits, in nanoseconds.
  private static let patience = 5 * second

  private struct Message {
    var at: Int64
    var gateway: Int
    var id: String
    /// The connection that it arrives on. A connection that was given up delivers nothing.
    var link: Int
    var words: [String]?
    var answer: LeaseAnswer?
  }

  private(set) var world: FleetWorld
  private var store = ModelStore()
  /// Earlier states of the store, the latest last, which a replica may have.
  private var replicas: [ModelStore] = []
  private var random: SplitMix64
  private var gateways: [SimulatedGateway] = []
  private var limiters: Limiters
  private var messages: [Message] = []
  private var earliest = Int64.max
  private var now: Int64 = 0
  private var storeOffset: Int64 = 1_000_000_000_000
  private var outageUntil: Int64 = 0
  private var born = 0
  /// Everything within a step happens at once.
  static let step = 5 * millisecond

  /// An observer of every call: how many calls the limit has left, and how many it gains per nanosecond.
  private var left: Double
  /// Calls that may temporarily be used in excess of the limit.
  private var spare = 0.0
  private var spareUntil: Int64 = 0
  private let burst: Double
  private let rate: Double
  private let places: Int64

  /// A limiter for each of the terms, used for its arithmetic.
  private struct Limiters: ~Copyable {
    var first: Limiter
    var second: Limiter
  }

  init(_ world: FleetWorld, seed: UInt64) throws {
    self.world = world
    random = SplitMix64(state: seed)
    func limiter(_ terms: LeaseTerms) throws -> Limiter {
      try Limiter(LimiterSettings(rules: [.shared(terms)], appCount: 1, callerCount: 1))
    }
    limiters = Limiters(
      first: try limiter(world.terms[0]), second: try limiter(world.terms[world.terms.count - 1]))
    burst = Double(world.terms.map(\.burst).max() ?? 0)
    rate = world.terms.map { Double($0.count) / Double($0.period) }.max() ?? 0
    places = Int64(world.terms.map(\.places).max() ?? 0)
    left = burst
    for _ in world.demand { gateways.append(begin(configuration: 0)) }
  }

  private mutating func begin(configuration: Int) -> SimulatedGateway {
    born += 1
    let pace =
      world.drift > 0 ? 1 + Double.random(in: -world.drift...world.drift, using: &random) : 1
    return SimulatedGateway("g\(born)", world.terms, configuration: configuration, pace: pace)
  }

  /// Ends all disturbances.
  mutating func calm() {
    world = world.afterwards
    for index in gateways.indices {
      gateways[index].cutUntil = min(gateways[index].cutUntil, now)
      gateways[index].awayUntil = min(gateways[index].awayUntil, now)
      // In the end all have the same terms.
      if gateways[index].configuration != 0 { gateways[index] = begin(configuration: 0) }
    }
    outageUntil = min(outageUntil, now)
  }

  /// - Parameter warmUp: until then nothing counts as used, and no call waits.
  mutating func run(_ duration: Int64, warmUp: Int64 = 0) -> Result {
    var result = Result()
    result.admitted = world.demand.map { _ in 0 }
    result.longestWait = result.admitted.map { _ in 0 }
    let (end, from) = (now + duration, now + warmUp)
    while now < end {
      now += FleetSimulation.step
      left = min(burst, left + Double(FleetSimulation.step) * rate * (1 + world.drift))
      disturbStore()
      if earliest <= now { deliver() }
      for index in gateways.indices {
        guard gateways[index].awayUntil <= now else { continue }
        disturb(index)
        call(index, from, &result)
        look(index, &result)
      }
    }
    return result
  }

  // MARK: Calls

  private mutating func call(_ index: Int, _ from: Int64, _ result: inout Result) {
    var calls = world.demand[index] * Double(FleetSimulation.step) / Double(second)
    while calls > 0, calls >= 1 || happens(calls) {
      if gateways[index].waiting.count < 200 { gateways[index].waiting.append(now) }
      calls -= 1
    }
    let own = gateways[index].clock(now)
    gateways[index].underWay.removeAll { $0.ends <= now }
    gateways[index].lapse(at: own)
    var started = 0
    while started < gateways[index].waiting.count, gateways[index].start(at: own) {
      let since = gateways[index].waiting[started]
      started += 1
      gateways[index].admitted += 1
      if places > 0 {
        gateways[index].underWay.append(
          .init(ends: now + Int64.random(in: world.callTime, using: &random)))
        let underWay = gateways.reduce(0) { $0 + $1.underWay.count { !$0.isOrphan } }
        result.fewestPlaces = min(result.fewestPlaces, places - Int64(underWay))
      }
      if rate > 0 {
        left -= 1
        if left < 0, now <= spareUntil, spare >= 1 { (left, spare) = (left + 1, spare - 1) }
        result.fewestLeft = min(result.fewestLeft, left)
      }
      if now > from {
        result.admitted[index] += 1
        result.longestWait[index] = max(result.longestWait[index], now - max(since, from))
      }
    }
    gateways[index].waiting.removeFirst(started)
    let late = now - (world.queues ? FleetSimulation.patience : 0)
    let gone = gateways[index].waiting.prefix { $0 <= late }.count
    gateways[index].waiting.removeFirst(gone)
    gateways[index].refused += UInt64(gone)
  }

  // MARK: Disturbances

  /// Whether an event with this expected frequency per step happens now.
  private mutating func happens(_ chance: Double) -> Bool {
    chance > 0 && Double.random(in: 0..<1, using: &random) < chance
  }

  private mutating func disturb(_ index: Int) {
    let part = Double(FleetSimulation.step) / Double(second)
    let configuration = gateways[index].configuration
    if happens(world.killed * part) {
      gateways[index] = begin(configuration: configuration)
      gateways[index].awayUntil = now + Int64.random(in: world.away, using: &random)
    } else if happens(world.leaving * part) {
      leave(index)
      gateways[index] = begin(configuration: configuration)
      gateways[index].awayUntil = now + Int64.random(in: world.away, using: &random)
    } else if happens(world.changing * part) {
      leave(index)
      gateways[index] = begin(configuration: 1 - configuration)
    } else if happens(world.cut * part) {
      gateways[index].cutUntil = now + Int64.random(in: world.away, using: &random)
    }
  }

  private mutating func leave(_ index: Int) {
    let gateway = gateways[index]
    guard let farewell = gateways[index].holder.farewell() else { return }
    send(
      Message(
        at: now, gateway: index, id: gateway.id, link: gateway.link,
        words: farewell.leavingWords(
          gateway.id, gateway.terms, validity: LeaseTimes().storeValidity,
          used: gateway.used(at: gateway.clock(now)))))
  }

  private mutating func disturbStore() {
    let part = Double(FleetSimulation.step) / Double(second)
    if happens(world.jumps * part) {
      storeOffset -= Int64.random(in: 0...100_000_000, using: &random)
    }
    // A gateway that starts just after a jump ahead cannot know about it.
    if happens(world.leaps * part), gateways.allSatisfy({ $0.holder.members > 0 }) {
      let leap = Int64.random(in: world.leap, using: &random)
      storeOffset += leap
      // For the store this time has passed, so the part of the burst that no gateway holds is filled up.
      left = min(burst, left + Double(leap) * rate)
    }
    if happens(world.outages * part) {
      outageUntil = now + Int64.random(in: 0...(4 * second), using: &random)
    }
    if happens(world.wipes * part) {
      store = ModelStore()
      // The store has lost which parts of the burst gateways hold, and what they have used.
      left = burst
      (spare, spareUntil) = (burst, now + 20 * second)
    }
    guard world.takeovers > 0 else { return }
    if now % (100 * millisecond) < FleetSimulation.step {
      replicas.append(store)
      if replicas.count > 10 { replicas.removeFirst() }
    }
    if happens(world.takeovers * part), let replica = replicas.randomElement(using: &random) {
      store = replica
      takeOver()
    }
  }

  /// All gateways lose their connections, and trust the next ones after a second.
  private mutating func takeOver() {
    outageUntil = now + LinkSchedule.trial
    for index in gateways.indices {
      gateways[index].holder.giveUp()
      gateways[index].askedAt = nil
      gateways[index].link += 1
    }
    // Grants and information about the burst in the lost writes may be used twice until the next question.
    left = burst
    spare = burst + rate * Double(LeaseTimes().validity)
    spareUntil = now + 20 * second
  }

  // MARK: Messages

  private mutating func look(_ index: Int, _ result: inout Result) {
    let own = gateways[index].clock(now)
    guard own - gateways[index].lastLook >= 50 * millisecond || !gateways[index].waiting.isEmpty
    else { return }
    gateways[index].lastLook = own
    gateways[index].note(at: own)
    // A question without an answer is given up after a second, as by the real link.
    if let asked = gateways[index].askedAt, now - asked > second {
      gateways[index].holder.giveUp()
      gateways[index].link += 1
      gateways[index].askedAt = nil
    }
    guard let question = gateways[index].holder.question(at: own) else { return }
    gateways[index].askedAt = now
    result.questions += 1
    let gateway = gateways[index]
    send(
      Message(
        at: now, gateway: index, id: gateway.id, link: gateway.link,
        words: question.words(gateway.id, gateway.terms, validity: LeaseTimes().storeValidity)))
  }

  private mutating func send(_ message: Message) {
    if world.lost > 0, happens(world.lost) { return }
    guard gateways[message.gateway].cutUntil <= now, outageUntil <= now else { return }
    var message = message
    message.at += Int64.random(in: world.delay, using: &random)
    messages.append(message)
    earliest = min(earliest, message.at)
  }

  private mutating func deliver() {
    let due = messages.filter { $0.at <= now }.sorted { $0.at < $1.at }
    messages.removeAll { $0.at <= now }
    earliest = messages.reduce(Int64.max) { min($0, $1.at) }
    for message in due {
      if let words = message.words {
        let answer = LeaseAnswer(store.ask(words, at: (now + storeOffset) / 1000))
        send(
          Message(
            at: now, gateway: message.gateway, id: message.id, link: message.link, answer: answer))
      } else if let answer = message.answer, gateways[message.gateway].id == message.id,
        gateways[message.gateway].link == message.link
      {
        let index = message.gateway
        let own = gateways[index].clock(now)
        if gateways[index].configuration == 0 {
          gateways[index].take(answer, &limiters.first, at: own)
        } else {
          gateways[index].take(answer, &limiters.second, at: own)
        }
      }
    }
  }
}
