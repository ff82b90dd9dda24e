internal import EventLoop
internal import Fleet
internal import RateLimiting

/// Pauses: what the upstream asks of one gateway applies to all.
extension FleetHandler {
  /// The difference up to which two ends of a pause count as equal, in nanoseconds.
  private static let sameMoment: Int64 = 60_000_000

  mutating func lookAtPauses(on loop: inout EventLoop) {
    let now = loop.now
    knownPauses = knownPauses.filter { $0.value > now }
    guard let script = scripts[.pauses], links[0].schedule.isLive else { return }
    for pause in parts.limiter.activePauses(at: now) where pause.remaining > 0 {
      guard let name = settings.limits.name(of: pause) else { continue }
      let end = now + pause.remaining
      if let known = knownPauses[name], end <= known + FleetHandler.sameMoment { continue }
      knownPauses[name] = end
      ask(
        "set", [name, "\(pause.remaining / 1000)", "\(pause.level)"], script, on: &loop)
    }
    if pausesAskedAt == .min || now - pausesAskedAt >= FleetHandler.pausePause {
      ask("sync", [], script, on: &loop)
    }
  }

  private mutating func ask(
    _ operation: String, _ words: [String], _ script: String, on loop: inout EventLoop
  ) {
    pausesAskedAt = loop.now
    send(
      [["EVALSHA", script, "1", pausesKey, operation, channel, id] + words], as: [.pauses], 0,
      on: &loop)
  }

  mutating func takePauses(_ value: RESPValue, on loop: inout EventLoop) {
    guard let pauses = SharedPause.list(value) else {
      // Another program's value under our key: pauses are not shared, leases continue.
      if !hasToldForeignPauses {
        hasToldForeignPauses = true
        parts.report(.foreign(what: "pauses", key: pausesKey))
      }
      return
    }
    hasToldForeignPauses = false
    // Without limits to share, nothing else shows that the store is of use.
    if members.isEmpty { isProven(at: loop.now) }
    for pause in pauses { join(pause, at: loop.now) }
  }

  mutating func take(_ news: PauseNews, on loop: inout EventLoop) {
    let now = loop.now
    switch news {
    case .pause(let pause, let from):
      if from != id { join(pause, at: now) }
    case .resume(let name, let from):
      guard from != id, name.hasSuffix("|"),
        let app = settings.limits.apps.firstIndex(of: String(name.dropLast()))
      else { return }
      knownPauses = knownPauses.filter { !$0.key.hasPrefix(name) }
      _ = parts.limiter.resume(app: app, at: now)
    case .modes(let from):
      if from != id, links[0].schedule.isLive { askModes(on: &loop) }
    case .token(let name): tokenNews(name, on: &loop)
    }
  }

  private mutating func join(_ pause: SharedPause, at now: Int64) {
    let end = now + pause.remaining
    if let known = knownPauses[pause.name], end <= known + FleetHandler.sameMoment { return }
    guard let view = settings.limits.pause(pause) else { return }
    knownPauses[pause.name] = end
    if parts.limiter.joinPause(view, at: now) { status.pausesTaken += 1 }
  }

  mutating func publishResume(_ app: Int, on loop: inout EventLoop) {
    guard let script = scripts[.pauses], links[0].schedule.isLive,
      settings.limits.apps.indices.contains(app),
      !settings.limits.apps[app].isEmpty
    else { return }
    let name = settings.limits.apps[app] + "|"
    knownPauses = knownPauses.filter { !$0.key.hasPrefix(name) }
    ask("end", [name], script, on: &loop)
  }
}
