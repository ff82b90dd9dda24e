internal import AccessTokens
internal import GatewayServer
internal import JSONText
internal import Memory
internal import System
internal import Telemetry
internal import TokenFetching

/// What those who watch the admin page are told each second: members of a JSON object. Times in seconds.
struct PageState: Sendable {
  let relays: RelayShared
  let tokens: TokenService
  let hasJournal: Bool
  let takesActions: Bool
  /// Nanoseconds since 1970.
  let startedAt: Int64

  var members: String {
    let figures = FigureReport(relays.figures)
    let totals = (figures?.requestsByStatus ?? []).map(String.init).joined(separator: ",")
    let listing = tokens.listing()
    let apps = listing.apps.enumerated().map { index, app in
      "{\"app\":\(app.name.quotedAsJSON),"
        + "\"runway\":\(listing.runway(ofApp: index).map(Seconds.text) ?? "null"),"
        + "\"secretRefused\":\(app.isSecretRefused)}"
    }
    return "\"time\":\(Seconds.text(SystemClock.wall)),\"started\":\(Seconds.text(startedAt)),"
      + "\"version\":\(GatewayVersion.text.quotedAsJSON),\"journal\":\(hasJournal),"
      + "\"actions\":\(takesActions),"
      + "\"underWay\":\(figures?.total(.exchangesUnderWay) ?? 0),"
      // Of calls that have ended: without an answer, then 1xx to 5xx.
      + "\"totals\":[\(totals)],\"apps\":[\(apps.joined(separator: ","))],"
      + LimitsListing(relays).members
  }
}
