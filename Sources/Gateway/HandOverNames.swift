internal import Configuration
internal import RateLimiting
internal import Rules

/// Names of apps, callers and limits that mean the same in two configurations, because numbers do not.
struct HandOverNames {
  /// Apps by their ids at SCORM Cloud. Their names in a configuration may change.
  let apps: [String]
  let callers: [String]
  let limits: [LimitName]
  private let scopes: [Limit.Scope]

  /// A limit, identified by its name, by who shares it, and by what its calls have in common.
  struct LimitName: Equatable {
    var name: String
    var per: String
    var content: String
  }

  /// The names by the numbers of `roster`; empty for numbers that are not in use.
  init(_ roster: Roster) {
    apps = roster.apps.list.map { place in
      place.map { "\($0.item.app.kind.rawValue) \($0.item.app.id)" } ?? ""
    }
    callers = roster.callers.list.map { $0?.item.name ?? "" }
    scopes = roster.limits.list.map { $0?.item.per ?? .gateway }
    limits = roster.limits.list.map { place in
      guard let limit = place?.item else { return LimitName(name: "", per: "", content: "") }
      return LimitName(name: limit.name, per: limit.per.rawValue, content: "\(limit.match)")
    }
  }

  /// The limit here that corresponds to `other`, matched as a reload matches limits (``Roster``); nil if there is none.
  func limit(_ other: LimitName) -> Int? {
    guard !other.per.isEmpty else { return nil }
    return limits.firstIndex(of: other)
      ?? limits.firstIndex { $0.content == other.content && $0.per == other.per }
      ?? limits.firstIndex { $0.name == other.name && $0.per == other.per }
  }

  func put(_ used: LimiterSnapshot.Used, into message: MessageWriter) {
    let key = used.key
    message.put(key.limit != nil)
    if let limit = key.limit {
      let name =
        limits.indices.contains(limit) ? limits[limit] : LimitName(name: "", per: "", content: "")
      message.put(name.name)
      message.put(name.per)
      message.put(name.content)
    } else {
      message.put(UInt32(clamping: (key.service ?? -1) + 1))
      let pause = used.pause ?? UpstreamPause().words
      for word in [pause.until, pause.level, pause.steppedAt, pause.loweredAt, pause.unsaid] {
        message.put(word)
      }
    }
    message.put(apps.indices.contains(key.app) ? apps[key.app] : "")
    message.put(callers.indices.contains(key.caller) ? callers[key.caller] : "")
    message.put(used.cell.words.arrival)
    message.put(used.cell.words.part)
    message.put(UInt32(bitPattern: used.underWay))
    message.put(used.averageHold)
    for word in used.rate.map({ [$0.count, $0.period, $0.burst] }) ?? [0, 0, 0] {
      message.put(word)
    }
  }

  /// What the other process has used, in the numbers of this process; nil if this process does not have the limit.
  func used(from message: MessageReader) -> LimiterSnapshot.Used? {
    var limit: Int?
    var isKnown = true
    var service: Int?
    var pause: UpstreamPause.Words?
    if message.flag() {
      limit = self.limit(
        LimitName(name: message.text(), per: message.text(), content: message.text()))
      isKnown = limit != nil
    } else {
      let place = Int(message.word())
      service = place == 0 ? nil : place - 1
      pause = UpstreamPause.Words(
        until: message.number(), level: message.number(), steppedAt: message.number(),
        loweredAt: message.number(), unsaid: message.number())
    }
    var app = apps.firstIndex(of: message.text())
    var caller = callers.firstIndex(of: message.text())
    // A quota that all apps or all callers share is stored under number 0, whatever app or caller that is.
    if let limit {
      let per = scopes[limit]
      if per == .gateway || per == .caller { app = 0 }
      if per == .gateway || per == .app { caller = 0 }
    } else {
      caller = 0
    }
    let cell = QuotaCell(words: (message.number(), message.number()))
    let underWay = Int32(bitPattern: message.word())
    let hold = message.number()
    let rate = (count: message.number(), period: message.number(), burst: message.number())
    guard isKnown, !message.isBroken, let app, let caller else { return nil }
    return LimiterSnapshot.Used(
      key: .init(limit: limit, app: app, caller: caller, service: service), cell: cell,
      underWay: underWay, averageHold: hold, pause: pause,
      rate: rate.count > 0
        ? Quota(count: rate.count, period: rate.period, burst: rate.burst) : nil)
  }
}
