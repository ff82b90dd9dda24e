package import AccessTokens
package import EventLoop
package import Forwarding
package import RateLimiting
package import Synchronization
package import TrafficLog

/// What a relay is told from other threads.
package enum RelayMessage: Sendable {
  /// A connection accepted by another loop.
  case connection(descriptor: Int32, peer: PeerIdentity, listener: Int)
  /// Finish what is under way, accept nothing more, then end.
  case drain
  /// End at once.
  case stop
}

/// What all relays of a gateway share.
package final class RelayShared: Sendable {
  package let rules: ForwardingRules
  package let settings: RelaySettings
  package let identities: CallerIdentities
  package let tokenStore: TokenStore
  package let tokenService: any TokenDemand
  package let resolver: NameResolver
  package let log: LogWriter?
  package let limiter: SharedLimiter
  let limitFields: RateLimitFields
  /// Per limit, its name.
  package let limitNames: [String]
  /// One mailbox a loop, by its number.
  package let mailboxes: [LoopMailbox<RelayMessage>]
  /// Callers' connections of each loop, for handing new ones to the least busy.
  let connectionCounts: LoopCounters
  /// What plans read like in the log.
  let planTexts: PlanTexts
  /// Exchanges under way over all loops.
  package let exchangesUnderWay = Atomic<Int>(0)
  /// Loops that have ended after draining.
  package let loopsEnded = Atomic<Int>(0)

  package init(
    rules: ForwardingRules, settings: RelaySettings, identities: CallerIdentities,
    tokenStore: TokenStore, tokenService: any TokenDemand, resolver: NameResolver, log: LogWriter?,
    mailboxes: [LoopMailbox<RelayMessage>], scopeTexts: [String],
    limiter: SharedLimiter, limits: LimiterSettings
  ) {
    self.limiter = limiter
    limitFields = RateLimitFields(limits)
    limitNames = limits.rules.map(\.name)
    planTexts = PlanTexts(rules: rules, scopeTexts: scopeTexts)
    self.rules = rules
    self.settings = settings
    self.identities = identities
    self.tokenStore = tokenStore
    self.tokenService = tokenService
    self.resolver = resolver
    self.log = log
    self.mailboxes = mailboxes
    connectionCounts = LoopCounters(count: mailboxes.count)
  }
}

/// One counter a loop.
final class LoopCounters: Sendable {
  private let counts: Mutex<[Int]>

  init(count: Int) { counts = Mutex(Array(repeating: 0, count: count)) }

  /// The loop with the lowest count, whose count goes up.
  func takeLowest() -> Int {
    counts.withLock { counts in
      var lowest = 0
      for i in counts.indices where counts[i] < counts[lowest] { lowest = i }
      counts[lowest] += 1
      return lowest
    }
  }

  func decrement(_ loop: Int) { counts.withLock { $0[loop] -= 1 } }
}

/// Tells who a connection belongs to: decided once, when it is accepted.
package struct CallerIdentities: Sendable {
  /// One rule of the configuration; a nil condition always holds.
  package struct Rule: Sendable {
    package var caller: Int
    package var user: UInt32?
    package var listener: Int?
    package var matchesAddress: (@Sendable (PeerIdentity) -> Bool)?

    package init(
      caller: Int, user: UInt32? = nil, listener: Int? = nil,
      matchesAddress: (@Sendable (PeerIdentity) -> Bool)? = nil
    ) {
      self.caller = caller
      self.user = user
      self.listener = listener
      self.matchesAddress = matchesAddress
    }
  }

  /// The caller that each listener names for all its connections.
  package var byListener: [Int?]
  package var rules: [Rule]
  /// For connections that match nothing: nil refuses them.
  package var otherwise: Int?

  package init(byListener: [Int?], rules: [Rule], otherwise: Int?) {
    self.byListener = byListener
    self.rules = rules
    self.otherwise = otherwise
  }

  func caller(of peer: PeerIdentity, listener: Int) -> Int? {
    if let named = byListener[listener] { return named }
    for rule in rules {
      if let user = rule.user, peer.family != .unix || peer.user != user { continue }
      if let wanted = rule.listener, wanted != listener { continue }
      if let matches = rule.matchesAddress, !matches(peer) { continue }
      return rule.caller
    }
    return otherwise
  }
}
