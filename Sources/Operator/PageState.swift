package import AccessTokens
package import FleetStore
package import GatewayServer
internal import JSONText
internal import System
internal import Telemetry

/// What those who watch the admin page are told each second: members of a JSON object. Times in seconds.
package struct PageState: Sendable {
  let relays: RelayShared
  let hasJournal: Bool
  let takesActions: @Sendable () -> Bool
  /// Nanoseconds since 1970.
  let startedAt: Int64
  /// What the gateway's build calls itself.
  let version: String
  let fleet: @Sendable () -> FleetStatus?

  package init(
    relays: RelayShared, hasJournal: Bool,
    takesActions: @escaping @Sendable () -> Bool, startedAt: Int64, version: String,
    fleet: @escaping @Sendable () -> FleetStatus?
  ) {
    self.relays = relays
    self.hasJournal = hasJournal
    self.takesActions = takesActions
    self.startedAt = startedAt
    self.version = version
    self.fleet = fleet
  }

  package func members(_ listing: TokenListing) -> String {
    let figures = FigureReport(relays.figures)
    let totals = (figures?.requestsByStatus ?? []).map(String.init).joined(separator: ",")
    let apps = listing.appsInForce.map { index, app in
      "{\"app\":\(app.name.quotedAsJSON),"
        + "\"runway\":\(listing.runway(ofApp: index).map(Seconds.text) ?? "null"),"
        + "\"secretRefused\":\(app.isSecretRefused)}"
    }
    return "\"time\":\(Seconds.text(SystemClock.wall)),\"started\":\(Seconds.text(startedAt)),"
      + "\"version\":\(version.quotedAsJSON),\"journal\":\(hasJournal),"
      + "\"actions\":\(takesActions()),"
      + "\"underWay\":\(figures?.total(.exchangesUnderWay) ?? 0),"
      // Of calls that have ended: without an answer, then 1xx to 5xx.
      + "\"totals\":[\(totals)],\"apps\":[\(apps.joined(separator: ","))],"
      + LimitsListing(relays, fleet()).members
  }
}
