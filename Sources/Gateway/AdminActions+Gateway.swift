internal import AccessTokens
internal import Admin
internal import Forwarding
internal import GatewayServer
internal import JSONText
internal import Operator
internal import RateLimiting
internal import System
internal import TokenFetching

/// The admin pages that take parameters, for a running gateway.
extension AdminActions {
  init(_ relays: RelayShared, _ tokens: TokenService, _ fleet: FleetPart) {
    self.init(
      tokens: { AdminActions.list($0, relays, tokens) },
      renewTokens: {
        AdminActions.change($0, tokens, "renewed") { tokens.renew($0) }
      },
      dropTokens: {
        AdminActions.change($0, tokens, "dropped") { tokens.drop($0) }
      },
      explain: { AdminActions.explain($0, relays, tokens) })
    jobs = {
      let listing = JobsListing(relays)
      return $0.wantsTable
        ? .table(listing.table(in: TextTable.Room(width: $0.width))) : .json(listing.json)
    }
    modes = {
      let listing = ModesListing(relays)
      return $0.wantsTable ? .table(listing.table) : .json(listing.json)
    }
    setMode = { ModesListing.set($0, relays, fleet) }
    endModes = { ModesListing.end(relays) }
    resume = { AdminActions.resume($0, relays, fleet) }
  }

  private static func list(
    _ query: AdminQuery, _ relays: RelayShared, _ tokens: TokenService
  ) -> AdminAnswer {
    let listing = tokens.listing()
    let selection = TokenSelection(query)
    if let problem = selection.problem(in: listing) { return .notFound(problem) }
    let page = TokensListing(listing, selection, relays)
    return query.wantsTable
      ? .table(page.table(in: TextTable.Room(width: query.width))) : .json(page.json)
  }

  /// Applies `change` to the tokens that the query selects. It does not wait for the result, which the listing shows.
  private static func change(
    _ query: AdminQuery, _ tokens: TokenService, _ done: String,
    _ change: ([TokenSlot]) -> Bool
  ) -> AdminAnswer {
    let listing = tokens.listing()
    let selection = TokenSelection(query)
    guard !selection.isEmpty else {
      return .badQuery("Say which tokens: app=NAME, scope=SCOPE, both, or all=true.")
    }
    if let problem = selection.problem(in: listing) { return .notFound(problem) }
    let keys = selection.changed(of: listing)
    guard change(keys.map(\.slot)) else {
      return .badQuery("Too many requests are still in progress; try again in a moment.")
    }
    let changed = ChangedTokens(keys, of: listing, done)
    return query.wantsTable ? .table(changed.table) : .json(changed.json)
  }

  /// Ends an app's pauses, which the upstream asked for.
  private static func resume(
    _ query: AdminQuery, _ relays: RelayShared, _ fleet: FleetPart
  ) -> AdminAnswer {
    let rules = relays.current.rules
    let known = rules.apps.filter(\.isInForce).map(\.name).joined(separator: ", ")
    guard let name = query.first("app") else {
      return .badQuery("Say which app: app=NAME, one of \(known).")
    }
    guard let app = rules.apps.firstIndex(where: { $0.isInForce && $0.name == name }) else {
      return .notFound("Unknown app \"\(name)\". Apps: \(known).")
    }
    let hasPaused = relays.limiter.resume(app: app, at: relays.clock.monotonic)
    fleet.resume(app: app)
    if hasPaused {
      relays.tell(
        "app \(name): its pause was ended at the admin address; SCORM Cloud had asked to wait")
    }
    return query.wantsTable
      ? .table(
        hasPaused ? "The pause of \(name) is over.\n" : "\(name) was not paused.\n")
      : .json("{\"app\":\(name.quotedAsJSON),\"wasPaused\":\(hasPaused)}\n")
  }

  private static func explain(
    _ query: AdminQuery, _ relays: RelayShared, _ tokens: TokenService
  ) -> AdminAnswer {
    guard let method = query.first("method"), let path = query.first("path") else {
      return .badQuery("Name the call: /api/explain?method=GET&path=/api/v2/courses.")
    }
    let call = ExplainedCall(
      method: method, target: path, app: query.first("app"), caller: query.first("caller"),
      fields: query.all("header"))
    do {
      let explanation = try Explanation(call, ExplanationSources(relays, tokens.listing()))
      return query.wantsTable
        ? .table(explanation.table(in: TextTable.Room(width: query.width)))
        : .json(explanation.json)
    } catch {
      return .badQuery("\(error).")
    }
  }
}

extension TokenSelection {
  /// The tokens that `query` selects with `app`, `scope` and `all`.
  fileprivate init(_ query: AdminQuery) {
    self.init(
      app: query.first("app"), scope: query.first("scope"), wantsAll: query.first("all") == "true")
  }
}
