package import AccessTokens

/// The metrics of tokens at `/metrics`.
package enum TokenMetrics {
  /// The maximum number of slots that have series.
  static let mostKeys = 1000

  package static func text(_ listing: TokenListing) -> String {
    """
    # HELP scorm_gateway_token_fetches_total Token requests, by what came of them.
    # TYPE scorm_gateway_token_fetches_total counter\(fetches(listing))
    # HELP scorm_gateway_token_fetch_seconds How long token requests took.
    # TYPE scorm_gateway_token_fetch_seconds histogram\(durations(listing))
    # HELP scorm_gateway_token_remaining_seconds How long a token may still be sent.
    # TYPE scorm_gateway_token_remaining_seconds gauge\(remaining(listing))
    # HELP scorm_gateway_token_uses_total Requests that carried a token.
    # TYPE scorm_gateway_token_uses_total counter\(uses(listing))
    # HELP scorm_gateway_auth_runway_seconds Time until the first call must fail if the token endpoint stays down.
    # TYPE scorm_gateway_auth_runway_seconds gauge
    scorm_gateway_auth_runway_seconds \(listing.runway.map(Seconds.text) ?? "+Inf")
    # HELP scorm_gateway_secret_generation Which of the secrets an app has had is in use, from 1.
    # TYPE scorm_gateway_secret_generation gauge\(perApp(listing, "secret_generation") { UInt64($0.secretGeneration) })
    # HELP scorm_gateway_secret_refused Whether the token endpoint refuses an app's secret.
    # TYPE scorm_gateway_secret_refused gauge\(perApp(listing, "secret_refused") { $0.isSecretRefused ? 1 : 0 })
    # HELP scorm_gateway_secret_switches_total Times an app switched to its next secret by itself.
    # TYPE scorm_gateway_secret_switches_total counter\(perApp(listing, "secret_switches_total") { $0.switches })
    \(share(listing))
    """
  }

  /// The metrics of shared tokens. Ends with a line feed, unless nothing is shared.
  private static func share(_ listing: TokenListing) -> String {
    guard let share = listing.share else { return "" }
    let counts = [
      ("away", share.away), ("late", share.late), ("put", share.put), ("taken", share.taken),
      ("unopened", share.unopened), ("withdrawn", share.withdrawn),
    ]
    return """
      # HELP scorm_gateway_shared_tokens_total Tokens shared with other gateways, by result.
      # TYPE scorm_gateway_shared_tokens_total counter\(counts.map { "\nscorm_gateway_shared_tokens_total{result=\"\($0)\"} \($1)" }.joined())

      """
  }

  /// Fetches by app and result: success, and each reason for failure.
  private static func fetches(_ listing: TokenListing) -> String {
    var text = ""
    for (index, app) in listing.appsInForce {
      var results: [String: UInt64] = ["ok": 0]
      for key in listing.keys where key.app == index {
        for (result, count) in key.fetches { results[result, default: 0] += count }
      }
      for (result, count) in results.sorted(by: { $0.key < $1.key }) {
        text +=
          "\nscorm_gateway_token_fetches_total{app=\"\(app.name)\",result=\"\(result)\"} \(count)"
      }
    }
    return text
  }

  private static func durations(_ listing: TokenListing) -> String {
    listing.appsInForce.map { _, app in
      Seconds.histogram(
        "scorm_gateway_token_fetch_seconds", "app=\"\(app.name)\"", app.durations)
    }.joined()
  }

  private static func remaining(_ listing: TokenListing) -> String {
    perKey(listing, "token_remaining_seconds") { key in
      key.usableUntil.map { Seconds.text(max(0, $0 - listing.now)) }
    }
  }

  private static func uses(_ listing: TokenListing) -> String {
    perKey(listing, "token_uses_total") { $0.uses > 0 ? String($0.uses) : nil }
  }

  private static func perKey(
    _ listing: TokenListing, _ name: String, _ value: (TokenRecord) -> String?
  ) -> String {
    var text = ""
    var count = 0
    for key in listing.keys where count < mostKeys {
      guard let value = value(key) else { continue }
      count += 1
      let app = listing.apps[key.app].name
      text += "\nscorm_gateway_\(name){app=\"\(app)\",scope=\"\(key.scopes)\"} \(value)"
    }
    return text
  }

  private static func perApp(
    _ listing: TokenListing, _ name: String, _ value: (TokenAppRecord) -> UInt64
  ) -> String {
    listing.appsInForce.map {
      "\nscorm_gateway_\(name){app=\"\($0.app.name)\"} \(value($0.app))"
    }.joined()
  }
}
