internal import Configuration
internal import RateLimiting

/// Apps, callers and limits under names that mean the same in two configurations: numbers do not.
struct HandOverNames {
  /// By their ids at SCORM Cloud; what a configuration calls them may change.
  let apps: [String]
  let callers: [String]
  let limits: [LimitName]
  private let scopes: [Limit.Scope]

  /// A limit: by its name and who shares it. One that was only renamed is known by what it limits.
  struct LimitName: Equatable {
    var name: String
    var per: String
    var content: String
  }

  init(_ settings: Settings) {
    apps = settings.apps.map { "\($0.kind.rawValue) \($0.id)" }
    // Without callers in the configuration there is one, whoever calls.
    callers = settings.callers.isEmpty ? [""] : settings.callers.map(\.name)
    scopes = settings.limits.map(\.per)
    limits = settings.limits.map { limit in
      LimitName(
        name: limit.name, per: "\(limit.per)",
        content: "\(limit.match) \(String(describing: limit.rate)) \(String(describing: limit.concurrency))")
    }
  }

  /// The limit here that is `other` there; nil when there is none.
  func limit(_ other: LimitName) -> Int? {
    limits.firstIndex { $0.name == other.name && $0.per == other.per }
      ?? limits.firstIndex { $0.content == other.content && $0.per == other.per }
  }

  func put(_ used: LimiterSnapshot.Used, into message: MessageWriter) {
    let key = used.key
    message.put(key.limit != nil)
    if let limit = key.limit {
      let name = limits.indices.contains(limit) ? limits[limit] : LimitName(name: "", per: "", content: "")
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
  }

  /// What the other process has used, in this one's numbers; nil for what there is not here.
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
    // A quota that all apps, or all callers, share stands under the first one, whichever that is.
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
    guard isKnown, !message.isBroken, let app, let caller else { return nil }
    return LimiterSnapshot.Used(
      key: .init(limit: limit, app: app, caller: caller, service: service), cell: cell,
      underWay: underWay, averageHold: hold, pause: pause)
  }
}
