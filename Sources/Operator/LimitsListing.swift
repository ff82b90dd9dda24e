package import FleetStore
internal import Forwarding
package import GatewayServer
internal import JSONText
internal import RateLimiting
internal import Rules
package import System

/// The present state of each quota, as `/api/limits` and the `limits` command show it.
package struct LimitsListing {
  /// The maximum number of rows for watchers.
  private static let most = 100

  private let relays: RelayShared
  private let generation: Generation
  private let views: [LimitView]
  private let now: Int64
  /// What is shared with other gateways; nil if nothing is.
  private let fleet: FleetStatus?

  package init(_ relays: RelayShared, _ fleet: FleetStatus?) {
    self.relays = relays
    self.fleet = fleet
    generation = relays.current
    now = relays.clock.monotonic
    views = relays.limiter.views(at: now)
  }

  /// The quotas as JSON, for scripts. Times are in seconds.
  package var json: String {
    "{\"limits\":[" + rows(views[...]).joined(separator: ",") + "]"
      + (fleet.map { ",\"store\":\(FleetText.json($0, at: now))" } ?? "") + "}\n"
  }

  /// Members of a JSON object for watchers: at most ``most`` rows, the busiest quotas of a limit first.
  package var members: String {
    let busiest =
      views.count <= LimitsListing.most
      ? views[...]
      : views.sorted { ($0.waiting, $0.inUse) > ($1.waiting, $1.inUse) }.prefix(LimitsListing.most)
    return "\"limits\":[\(rows(busiest).joined(separator: ","))],"
      + "\"limitsOmitted\":\(views.count - busiest.count)"
  }

  private func rows(_ views: ArraySlice<LimitView>) -> [String] {
    views.map { view -> String in
      var members = ["\"limit\":\(name(view).quotedAsJSON)"]
      // An unused quota is not attributed to an app.
      if let app = view.app, view.isUsed { members.append("\"app\":\(appName(app).quotedAsJSON)") }
      if view.limit == nil {
        members.append("\"service\":\(RulesCompiler.pausedName(view.service).quotedAsJSON)")
      }
      if let caller = view.caller, view.isUsed {
        members.append("\"caller\":\(callerName(caller).quotedAsJSON)")
      }
      if let quota = view.quota {
        members.append("\"rate\":\(rate(quota).quotedAsJSON)")
        members.append("\"burst\":\(quota.burst)")
      }
      if let remaining = view.remaining { members.append("\"remaining\":\(remaining)") }
      if let concurrency = view.concurrency { members.append("\"concurrency\":\(concurrency)") }
      members.append("\"used\":\(view.isUsed)")
      members.append("\"inUse\":\(view.inUse)")
      members.append("\"waiting\":\(view.waiting)")
      members.append("\"predictedWait\":\(seconds(view.predictedWait))")
      if let pause = pause(view) { members.append("\"pausedFor\":\(seconds(pause))") }
      if let share = share(view) { members.append("\"shared\":\(FleetText.json(share, at: now))") }
      return "{" + members.joined(separator: ",") + "}"
    }
  }

  private static let columns: [TextTable.Column] = [
    .init("LIMIT", least: 12), .init("APP", least: 8), .init("CALLER", least: 8),
    .init("RATE", least: 12, rank: 1), .init("LEFT", isRight: true),
    .init("IN USE", isRight: true, rank: 2), .init("WAITING", isRight: true),
    .init("WAIT", isRight: true), .init("PAUSED"),
  ]

  private static let sharedColumn = TextTable.Column("SHARED", least: 12)

  /// The quotas as a table, for people.
  package func table(in room: TextTable.Room) -> String {
    // Shows modes too: they are another reason why calls do not pass.
    let modes = ModesListing(relays).tableUnlessEmpty
    let store = fleet.map { FleetText.line($0, at: now) + "\n\n" } ?? ""
    return modes + store + limitsTable(in: room)
  }

  private func share(_ view: LimitView) -> FleetStatus.Share? {
    guard let limit = view.limit else { return nil }
    return fleet?.shares[ShareKey(limit: limit, app: view.app ?? 0, caller: view.caller ?? 0)]
  }

  private func limitsTable(in room: TextTable.Room) -> String {
    guard !views.isEmpty else { return "No limits are configured.\n" }
    let isShared = fleet != nil
    var table = TextTable(
      LimitsListing.columns + (isShared ? [LimitsListing.sharedColumn] : []))
    for view in views {
      let app = view.app.map { view.isUsed ? appName($0) : "each" } ?? "all"
      let caller = view.caller.map { view.isUsed ? callerName($0) : "each" } ?? "all"
      let pause = pause(view).map { "for \(DurationText.text(nanoseconds: $0))" } ?? "no"
      var cells = [
        name(view), app, caller, view.quota.map { "\(rate($0)), burst \($0.burst)" } ?? "-",
        view.remaining.map(String.init) ?? "-",
        view.concurrency.map { "\(view.inUse) of \($0)" } ?? "\(view.inUse)",
        String(view.waiting), DurationText.text(nanoseconds: view.predictedWait), pause,
      ]
      if isShared { cells.append(share(view).map { FleetText.cell($0, at: now) } ?? "-") }
      table.append(cells)
    }
    return table.text(in: room)
  }

  private func name(_ view: LimitView) -> String {
    if let limit = view.limit { return generation.limitName(limit) }
    let service = view.service.map { " (\(RulesCompiler.pausedName($0)))" } ?? ""
    return "pause asked for by SCORM Cloud\(service)"
  }

  // A reload may have added an app that the rules used here do not have yet. It is shown a moment later.
  private func appName(_ app: Int) -> String {
    app < generation.rules.apps.count ? generation.rules.apps[app].name : ""
  }
  private func callerName(_ caller: Int) -> String {
    caller < generation.rules.callers.count ? generation.rules.callers[caller].name : ""
  }

  /// The rate of a quota, such as `100/1m`.
  private func rate(_ quota: Quota) -> String {
    let units: [(Int64, String)] = [
      (86_400_000_000_000, "d"), (3_600_000_000_000, "h"), (60_000_000_000, "m"),
      (1_000_000_000, "s"), (1_000_000, "ms"),
    ]
    for (size, unit) in units where quota.period % size == 0 {
      return "\(quota.count)/\(quota.period / size)\(unit)"
    }
    return "\(quota.count)/\(quota.period)ns"
  }

  private func pause(_ view: LimitView) -> Int64? {
    guard let until = view.pausedUntil, until > now else { return nil }
    return until - now
  }

  /// Nanoseconds as seconds with one decimal.
  private func seconds(_ nanoseconds: Int64) -> String {
    let tenths = (max(0, nanoseconds) + 50_000_000) / 100_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }
}
