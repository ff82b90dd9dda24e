package import Histograms

/// What an operator sees of one key: an app with a set of scopes. Nothing in it is secret.
///
/// Times are nanoseconds of the monotonic clock; ``TokenListing/now`` is the time of the listing.
package struct TokenRecord: Equatable, Sendable {
  package enum State: String, Equatable, Sendable, CaseIterable {
    /// There is no token, and none is needed.
    case empty
    /// The first fetch, or one after the last token expired, is in flight.
    case fetching
    /// A token is in use.
    case fresh
    /// A token is in use while the next one is being fetched.
    case refreshing
    /// There is no token; callers are refused until the next attempt.
    case failing
  }

  package let slot: TokenSlot
  /// Index of the app in the configuration's list.
  package let app: Int
  /// Scopes, sorted, one space between them.
  package let scopes: String
  package var state = State.empty
  /// The first four bytes of the token's SHA-256; nil without a token.
  package var fingerprint: UInt32?
  /// Counts the tokens of this key, from 1; 0 without a token.
  package var generation: UInt32 = 0
  /// Generation of the secret that the token was granted for; 0 without a token.
  package var secretGeneration: UInt32 = 0
  /// Another gateway of the fleet fetched the token.
  package var isShared = false
  /// When the token was requested.
  package var requestedAt: Int64?
  /// When it is no longer sent.
  package var usableUntil: Int64?
  /// When it is renewed or fetching is tried again; nil if nothing is due.
  package var nextAt: Int64?
  /// The last fetch's failure; nil if it succeeded.
  package var failure: TokenFailure?
  /// The most recent failure, with its time.
  package var lastFailure: TokenFailure?
  package var lastFailureAt: Int64?
  /// Requests that carried a token of this key.
  package var uses: UInt64 = 0
  /// Whether it is needed: it was used since it was fetched, or its use led to the current fetch.
  package var isUsed = false
  /// Number of fetches by result: `ok`, or a ``TokenFailure/Reason/label``.
  package var fetches: [String: UInt64] = [:]

  package init(slot: TokenSlot, app: Int, scopes: String) {
    self.slot = slot
    self.app = app
    self.scopes = scopes
  }
}

/// What an operator sees of an app's credential and the fetches made with it.
package struct TokenAppRecord: Equatable, Sendable {
  /// The name in the configuration.
  package let name: String
  /// False for an app that was removed from the configuration.
  package var isInForce = true
  /// The generation of the secret in use, from 1. It rises when another secret takes over.
  package var secretGeneration: UInt32 = 1
  /// Whether there is another secret to switch to.
  package var hasNextSecret = false
  /// Whether the token endpoint refuses the secret in use.
  package var isSecretRefused = false
  /// How many times the app switched over by itself.
  package var switches: UInt64 = 0
  /// How long fetches took, in nanoseconds, in ``Buckets/tokenFetches``.
  package var durations = BucketCounts(.tokenFetches)

  package init(name: String) { self.name = name }
}

extension Buckets {
  /// How long fetches take, in nanoseconds.
  package static let tokenFetches = Buckets(
    milliseconds: [25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000])
}

/// Every key and app at one point in time.
package struct TokenListing: Equatable, Sendable {
  /// Monotonic nanoseconds.
  package let now: Int64
  package let endpoint: TokenEndpoint
  /// In the order of the slots.
  package let keys: [TokenRecord]
  /// By number, including those that were removed from the configuration.
  package let apps: [TokenAppRecord]
  /// How tokens are shared with other gateways; nil if they are not.
  package var share: TokenShareFigures?

  /// The apps in force, with their numbers.
  package var appsInForce: [(number: Int, app: TokenAppRecord)] {
    apps.enumerated().filter(\.element.isInForce).map { ($0.offset, $0.element) }
  }

  package init(now: Int64, endpoint: TokenEndpoint, keys: [TokenRecord], apps: [TokenAppRecord]) {
    self.now = now
    self.endpoint = endpoint
    self.keys = keys
    self.apps = apps
  }

  /// Nanoseconds until the first request must fail if the token endpoint stays down: the least remaining lifetime of
  /// the keys in use. It is 0 if one of them has no token, and nil if none is in use.
  package var runway: Int64? { runway { _ in true } }

  /// The same for one app.
  package func runway(ofApp app: Int) -> Int64? { runway { $0.app == app } }

  private func runway(of isMeant: (TokenRecord) -> Bool) -> Int64? {
    var runway: Int64?
    for key in keys where key.isUsed && isMeant(key) {
      switch key.state {
      case .empty: continue
      case .fetching, .failing: return 0
      case .fresh, .refreshing:
        let left = max(0, (key.usableUntil ?? now) - now)
        runway = min(runway ?? left, left)
      }
    }
    return runway
  }
}
