package import AccessTokens
package import Configuration
internal import Forwarding
package import GatewayServer
internal import RateLimiting
internal import Rules
package import System

/// What an explanation is drawn from: the very rules, limits and tokens of a gateway that runs, or those that a
/// configuration would make.
package struct ExplanationSources: Sendable {
  let rules: ForwardingRules
  /// Per token slot, its scopes.
  let scopeTexts: [String]
  let limiter: SharedLimiter
  let limitNames: [String]
  let clock: TimeSource
  /// Nil when no gateway runs: there are no tokens then, and nothing was learnt.
  let running: RelayShared?
  /// What the gateway knows of its tokens; nil when none runs.
  let tokens: TokenListing?

  /// Those of a gateway that runs.
  package init(_ relays: RelayShared, _ tokens: TokenListing) {
    self.tokens = tokens
    rules = relays.current.rules
    scopeTexts = relays.current.scopeTexts
    limiter = relays.limiter
    limitNames = relays.current.limitNames
    clock = relays.clock
    running = relays
  }

  /// Those that `settings` would make; calls nobody and opens nothing.
  package init(_ settings: Settings, clock: TimeSource = .system) throws(Explanation.Problem) {
    self.clock = clock
    let compiler = RulesCompiler(settings)
    do {
      let compiled = try compiler.compile()
      let limits = compiler.limits(loopCount: 1)
      rules = compiled.rules
      scopeTexts = compiled.scopeTexts
      limiter = try SharedLimiter(limits, wake: { _ in })
      limitNames = limits.rules.map(\.name)
    } catch {
      throw Explanation.Problem(
        description: "the configuration cannot be compiled: \(error)")
    }
    running = nil
    tokens = nil
  }

  /// The scopes of a token, or how the app itself is named.
  func text(of credential: CredentialChoice) -> String {
    switch credential {
    case .token(let slot): scopeTexts[slot.index]
    case .basic: "basic"
    case .none: "none"
    }
  }
}
