package import AccessTokens
internal import Forwarding
package import GatewayServer
internal import JSONText
internal import SCORMCloudAPI
package import System

/// The listing of `/api/tokens` and the `tokens` command: each slot's token, each app's secret, and the operations that
/// needed more than their first scope. Of a token it shows only the fingerprint.
package struct TokensListing {
  /// The maximum number of tokens listed. Further ones are counted.
  static let most = 1000

  private let listing: TokenListing
  private let keys: [TokenRecord]
  private let dropped: Int
  private let selection: TokenSelection
  private let relays: RelayShared

  package init(_ listing: TokenListing, _ selection: TokenSelection, _ relays: RelayShared) {
    self.listing = listing
    self.selection = selection
    self.relays = relays
    let listed = selection.listed(of: listing)
    keys = Array(listed.prefix(TokensListing.most))
    dropped = listed.count - keys.count
  }

  /// The tokens as JSON, for scripts. Times are in seconds.
  package var json: String {
    let runway = listing.runway.map(Seconds.text) ?? "null"
    return "{\"tokens\":[\(keys.map(json).joined(separator: ","))],\"omitted\":\(dropped),"
      + "\"runway\":\(runway),\"share\":\(share),\"apps\":[\(listing.appsInForce.map { json($0.app) }.joined(separator: ","))],"
      + "\"operations\":[\(climbed.map(json).joined(separator: ","))]}\n"
  }

  private var share: String {
    guard let share = listing.share else { return "null" }
    return "{\"key\":\(share.keyMark.quotedAsJSON),\"taken\":\(share.taken),\"put\":\(share.put),"
      + "\"away\":\(share.away),\"late\":\(share.late),\"unopened\":\(share.unopened),"
      + "\"withdrawn\":\(share.withdrawn)}"
  }

  private func json(_ key: TokenRecord) -> String {
    var members = [
      "\"app\":\(appName(key).quotedAsJSON)", "\"scope\":\(key.scopes.quotedAsJSON)",
      "\"state\":\(key.state.rawValue.quotedAsJSON)",
    ]
    if let fingerprint = key.fingerprint {
      members.append("\"fingerprint\":\(Fingerprint.text(fingerprint).quotedAsJSON)")
      members.append("\"generation\":\(key.generation)")
      members.append("\"secretGeneration\":\(key.secretGeneration)")
      members.append("\"shared\":\(key.isShared)")
    }
    if let age = age(key) { members.append("\"age\":\(Seconds.text(age))") }
    if let left = left(key) { members.append("\"remaining\":\(Seconds.text(left))") }
    members.append("\"uses\":\(key.uses)")
    members.append("\"inUse\":\(key.isUsed)")
    if let next = next(key) { members.append("\"next\":\(Seconds.text(next))") }
    if let failure = key.failure { members.append("\"error\":\(failure.detail.quotedAsJSON)") }
    if let failure = key.lastFailure ?? key.failure {
      members.append("\"lastError\":\(failure.detail.quotedAsJSON)")
    }
    if let at = key.lastFailureAt {
      members.append("\"lastErrorAge\":\(Seconds.text(listing.now - at))")
    }
    let fetches = key.fetches.sorted { $0.key < $1.key }.map {
      "\($0.key.quotedAsJSON):\($0.value)"
    }
    members.append("\"fetches\":{\(fetches.joined(separator: ","))}")
    return "{" + members.joined(separator: ",") + "}"
  }

  private func json(_ app: TokenAppRecord) -> String {
    "{\"app\":\(app.name.quotedAsJSON),\"secretGeneration\":\(app.secretGeneration),"
      + "\"hasNextSecret\":\(app.hasNextSecret),\"secretRefused\":\(app.isSecretRefused),"
      + "\"switches\":\(app.switches)}"
  }

  private func json(_ climbed: Climbed) -> String {
    "{\"app\":\(climbed.app.quotedAsJSON),\"operation\":\(climbed.operation.quotedAsJSON),"
      + "\"credential\":\(climbed.credential.quotedAsJSON),\"rung\":\(climbed.entry.rung + 1),"
      + "\"climbs\":\(climbed.entry.climbs),\"exhausted\":\(climbed.entry.exhaustions)}"
  }

  private static let columns: [TextTable.Column] = [
    .init("APP", least: 8), .init("SCOPE", least: 16), .init("TOKEN", rank: 3), .init("STATE"),
    .init("AGE", isRight: true, rank: 2), .init("LEFT", isRight: true),
    .init("USES", isRight: true, rank: 1), .init("NEXT"),
    .init("LAST ERROR", least: 12, wraps: true),
  ]

  /// The tokens as tables, for people.
  package func table(in room: TextTable.Room) -> String {
    var text = ""
    if keys.isEmpty {
      text += "No token has been needed yet; --all lists every possible token.\n"
    } else {
      var table = TextTable(TokensListing.columns)
      for key in keys { table.append(row(key)) }
      text += table.text(in: room)
    }
    if dropped > 0 { text += "\(dropped) more are not shown: narrow it with --app or --scope.\n" }
    text += "\n" + runwayText + "\n"
    if let share = listing.share {
      text +=
        "Tokens are shared with other gateways, sealed with key \(share.keyMark): \(share.taken) taken, "
        + "\(share.put) put\(share.unopened > 0 ? ", \(share.unopened) that could not be opened" : "").\n"
    }
    for (_, app) in listing.appsInForce where app.isSecretRefused || app.secretGeneration > 1 {
      text +=
        "app \(app.name): secret \(app.secretGeneration) is in use"
        + (app.isSecretRefused ? ", and refused: put the right one in apps[].secret" : "") + "\n"
    }
    guard !climbed.isEmpty else { return text }
    var table = TextTable([
      .init("APP", least: 8), .init("OPERATION", least: 12), .init("BEGINS WITH", least: 16),
      .init("RUNG", isRight: true), .init("CLIMBS", isRight: true),
      .init("ALL REFUSED", isRight: true),
    ])
    for climbed in climbed {
      table.append([
        climbed.app, climbed.operation, climbed.credential, String(climbed.entry.rung + 1),
        String(climbed.entry.climbs), String(climbed.entry.exhaustions),
      ])
    }
    return text + "\nOperations whose scope was refused:\n" + table.text(in: room)
  }

  private func row(_ key: TokenRecord) -> [String] {
    // A refused secret makes all of the app's tokens fail, even those that were not fetched.
    var error = (key.failure ?? key.lastFailure)?.detail
    if error != nil, let at = key.lastFailureAt {
      error? += " (\(DurationText.text(nanoseconds: listing.now - at)) ago)"
    }
    return [
      appName(key), key.scopes, key.fingerprint.map(Fingerprint.text) ?? "-",
      key.state.rawValue + (key.isShared ? ", shared" : ""),
      seconds(age(key)), seconds(left(key)), String(key.uses), nextText(key), error ?? "-",
    ]
  }

  private var runwayText: String {
    guard let runway = listing.runway else { return "No token is in use." }
    return runway == 0
      ? "A token that is needed is missing: calls wait or fail."
      : "Without the token endpoint, all calls succeed for another \(DurationText.text(nanoseconds: runway))."
  }

  // MARK: Column texts

  private struct Climbed {
    let app: String
    let operation: String
    let credential: String
    let entry: ScopeMemory.Entry
  }

  private var climbed: [Climbed] {
    let generation = relays.current
    return relays.scopes.climbedOperations.compactMap { app, operation, entry in
      guard generation.isAppInForce(app) else { return nil }
      let rules = generation.rules.apps[app]
      guard selection.app == nil || selection.app == rules.name else { return nil }
      let credential =
        entry.rung == 0
        ? rules.credentials[Int(operation)]
        : rules.ladders.credential(of: operation, at: Int(entry.rung))
      return Climbed(
        app: rules.name, operation: OperationTable.operation(at: operation).name.description,
        credential: generation.scopeText(of: credential) ?? "basic", entry: entry)
    }
  }

  private func appName(_ key: TokenRecord) -> String { listing.apps[key.app].name }

  private func age(_ key: TokenRecord) -> Int64? { key.requestedAt.map { listing.now - $0 } }

  private func left(_ key: TokenRecord) -> Int64? {
    key.usableUntil.map { max(0, $0 - listing.now) }
  }

  private func next(_ key: TokenRecord) -> Int64? { key.nextAt.map { max(0, $0 - listing.now) } }

  private func nextText(_ key: TokenRecord) -> String {
    guard let next = next(key) else { return "-" }
    // Unused tokens are not renewed.
    if key.state == .fresh && !key.isUsed { return "if used" }
    return (key.state == .failing ? "try in " : "in ") + seconds(next)
  }

  private func seconds(_ nanoseconds: Int64?) -> String {
    nanoseconds.map { DurationText.text(nanoseconds: $0) } ?? "-"
  }
}
