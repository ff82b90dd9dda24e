@testable import Fleet

/// A reimplementation of the store's script in Swift, which the simulation uses. A test compares the two.
struct ModelStore {
  struct Member: Equatable {
    var number: Double
    var granted = (f: 0.0, b: 0.0, p: 0.0)
    var ends: Double
    var before = (f: 0.0, b: 0.0, p: 0.0)
    var beforeEnds: Double
    var want: Double
    var places: Double
    var since: Double

    var held: (f: Double, b: Double, p: Double) {
      if beforeEnds == 0 { return granted }
      return (
        max(granted.f, before.f), max(granted.b, before.b), max(granted.p, before.p)
      )
    }

    static func == (a: Member, b: Member) -> Bool { a.number == b.number && a.ends == b.ends }
  }

  var members: [String: Member] = [:]
  private var last: Double?
  private var used = 0.0
  private var born = 0.0
  private var content: String?
  private let units = 4096.0

  /// - Parameter time: the store's clock in microseconds.
  mutating func ask(_ words: [String], at time: Int64) -> RESPValue {
    let id = words[1]
    let content = words[4]
    let numbers = words.enumerated().map { $0 == 0 || $0 == 1 || $0 == 4 ? 0 : Double($1)! }
    let (number, ack, count, period) = (numbers[2], numbers[3], numbers[5], numbers[6])
    let (burst, places) = (numbers[7], numbers[8])
    var claim = (f: numbers[9], b: numbers[10], p: numbers[11])
    var owed = numbers[12]
    let (want, wanted, valid) = (numbers[13], numbers[14], numbers[15])
    let now = Double(time)
    // Nothing is written for a question that is not answered with a lease.
    let before = self
    if last == nil { (last, used, born) = (now, 0, now + valid) }
    if now < last! {
      let back = last! - now
      for other in members.keys {
        members[other]!.ends -= back
        if members[other]!.beforeEnds > 0 {
          members[other]!.beforeEnds = max(1, members[other]!.beforeEnds - back)
        }
        let since = members[other]!.since
        if since > 0 { members[other]!.since = max(1, since - back) }
        if since < 0 { members[other]!.since = min(-1, since + back) }
      }
      born -= back
      last = now
    }
    if let known = self.content, known != content {
      if members.contains(where: { $0.key != id && $0.value.ends > now }) {
        self = before
        return .array([.bulk(Array("conflict".utf8)), .bulk(Array(known.utf8))])
      }
      members = [:]
      used = burst * 1000
      claim = (0, 0, 0)
      owed = 0
    }
    let rate = count > 0 ? count / period : 0
    let free = units - members.values.reduce(0) { $0 + $1.held.f }
    if free > 0 { used -= (now - last!) * rate * free / units * 1000 }
    used = max(0, used)
    for (other, member) in members {
      if member.ends <= now {
        used += member.held.b * 1000
        members[other] = nil
      } else if member.beforeEnds > 0, member.beforeEnds <= now {
        used += max(0, member.before.b - member.granted.b) * 1000
        members[other]!.before = (0, 0, 0)
        members[other]!.beforeEnds = 0
      }
    }
    let mine = members[id]
    if let mine, number <= mine.number {
      self = before
      return .array([.bulk(Array("stale".utf8))])
    }
    if words[0] == "leave", mine == nil {
      self = before
      return ModelStore.granted(0, 0, 0, 0, 0, time)
    }
    var ends = now + valid
    if let mine {
      let freed = (mine.held.b - claim.b) * 1000
      if freed > 0 { used += ack == mine.number ? min(freed, owed) : freed }
      ends = max(mine.ends, mine.beforeEnds)
    }
    defer {
      last = now
      self.content = content
      used = used.rounded(.up)
    }
    if words[0] == "leave" {
      if mine != nil {
        members[id] = nil
        if claim.b > 0 { used += min(claim.b * 1000, numbers[16]) }
      }
      return ModelStore.granted(0, 0, 0, 0, 0, time)
    }
    let others = members.filter { $0.key != id }.map(\.value)
    let n = Double(others.count + 1)
    let (of, ob, op) = others.reduce(into: (0.0, 0.0, 0.0)) {
      ($0.0, $0.1, $0.2) = ($0.0 + $1.held.f, $0.1 + $1.held.b, $0.2 + $1.held.p)
    }
    var since = mine?.since ?? 0
    let starving = others.filter { $0.since > 0 }
    let earlier = starving.count { since <= 0 || $0.since < since }
    let stay = count > 0 ? max(1_000_000, 1.5 * burst / rate) : 1_000_000
    func turn(_ whole: Double, _ wanted: Bool, _ has: Bool, _ taken: Double) -> Bool {
      if n <= whole { return true }
      if !wanted { return false }
      return has ? starving.isEmpty || now + since < stay : whole - taken > Double(earlier)
    }
    var (f, b, miss, p) = (0.0, 0.0, 0.0, 0.0)
    if count > 0, turn(burst, want > 0, claim.b > 0, ob) {
      let least = max(1, min(16, (128 / n).rounded(.down)))
      let scale = units / (rate * 1_000_000_000)
      let own = max(least, want * scale)
      let list = [own] + others.map { max(least, $0.want * scale) }
      let total = list.reduce(0, +)
      var part = own
      if n > burst {
        part = units / burst
      } else if total > units {
        part = min(own, ModelStore.level(list, units))
      } else if want > 0 {
        part = own + (units - total) * want / others.reduce(want) { $0 + $1.want }
      }
      let base =
        burst >= n ? max(1, (burst / ((total > units ? 1 : 4) * n)).rounded(.down)) : 1
      f = max(0, min(part.rounded(.down), units - of))
      b = base + (max(0, burst - n * base) * part / units).rounded(.down)
      b = max(0, min(b, burst - ob))
    }
    if places > 0, turn(places, wanted > 0, claim.p > 0, op) {
      let own = max(1, wanted)
      let list = [own] + others.map { max(1, $0.places) }
      let total = list.reduce(0, +)
      p =
        total > places
        ? min(own, max(1, ModelStore.level(list, places).rounded(.down)))
        : own + ((places - total) / n).rounded(.down)
      p = max(0, min(p, places - op))
    }
    if now < born { (f, b, p) = (min(f, claim.f), min(b, claim.b), min(p, claim.p)) }
    if f == 0 || b == 0 { (f, b) = (0, 0) }
    if count > 0, places > 0, b == 0 || p == 0 { (f, b, p) = (0, 0, 0) }
    if b > claim.b {
      let give = max(
        0, min((b - claim.b) * 1000, ((burst - ob - claim.b) * 1000 - used).rounded(.down)))
      miss = (b - claim.b) * 1000 - give
      used = max(0, used - miss)
    }
    let starves = count > 0 && b == 0 && want > 0 || places > 0 && p == 0 && wanted > 0
    since =
      starves
      ? (since <= 0 ? now : since) : b > 0 || p > 0 ? (since >= 0 ? -now : since) : 0
    if claim.p > p { ends = now + valid }
    if claim == (0, 0, 0) { ends = 0 }
    members[id] = Member(
      number: number, granted: (f, b, p), ends: now + valid, before: claim, beforeEnds: ends,
      want: want, places: wanted, since: since)
    return ModelStore.granted(f, b, miss, p, n, time)
  }

  private static func granted(
    _ f: Double, _ b: Double, _ miss: Double, _ p: Double, _ n: Double, _ time: Int64
  ) -> RESPValue {
    .array(
      [.bulk(Array("ok".utf8))] + [f, b, miss, p, n].map { .integer(Int64($0)) } + [.integer(time)])
  }

  private static func level(_ list: [Double], _ whole: Double) -> Double {
    let list = list.sorted()
    var left = whole
    for (index, value) in list.enumerated() {
      let even = left / Double(list.count - index)
      if value >= even { return even }
      left -= value
    }
    return whole
  }
}
