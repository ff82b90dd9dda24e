package import AccessTokens
package import Configuration
internal import Forwarding
package import GatewayServer
internal import RateLimiting
internal import Rules
package import System

/// What an explanation is based on: the rules, limits and tokens of a running gateway, or those that a configuration
/// would produce.
package struct ExplanationSources: Sendable {
  let rules: ForwardingRules
  /// The scopes of each token slot.
  let scopeTexts: [String]
  let limiter: SharedLimiter
  let limitNames: [String]
  let clock: TimeSource
  /// The running gateway; nil if there is none, so that there are no tokens and nothing was learnt.
  let running: RelayShared?
  /// The running gateway's tokens; nil if there is none.
  let tokens: TokenListing?

  /// The sources from a running gateway.
  package init(_ relays: RelayShared, _ tokens: TokenListing) {
    self.tokens = tokens
    rules = relays.current.rules
    scopeTexts = relays.current.scopeTexts
    limiter = relays.limiter
    limitNames = relays.current.limitNames
    clock = relays.clock
    running = relays
  }

  /// The sources that `settings` would produce. Contacts nothing and opens nothing.
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

  /// The scopes of a token, or how the app itself is identified.
  func text(of credential: CredentialChoice) -> String {
    switch credential {
    case .token(let slot): scopeTexts[slot.index]
    case .basic: "basic"
    case .none: "none"
    }
  }
}
