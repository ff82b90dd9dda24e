package import AccessTokens
package import FleetStore
package import GatewayServer
internal import JSONText
internal import System
internal import Telemetry

/// The state that watchers of the admin page get each second: members of a JSON object. Times are in seconds.
package struct PageState: Sendable {
  let relays: RelayShared
  let hasJournal: Bool
  let takesActions: @Sendable () -> Bool
  /// Nanoseconds since 1970.
  let startedAt: Int64
  /// The version of the gateway's build.
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
      // Counts of ended calls: without an answer, then 1xx to 5xx.
      + "\"totals\":[\(totals)],\"apps\":[\(apps.joined(separator: ","))],"
      + LimitsListing(relays, fleet()).members
  }
}
