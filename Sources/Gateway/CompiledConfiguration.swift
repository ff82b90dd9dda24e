internal import AccessTokens
internal import Configuration
internal import EventLoop
internal import GatewayServer
internal import Memory
internal import RateLimiting
internal import Rules
internal import System
internal import Telemetry
internal import TokenFetching
internal import TrafficLog

/// A configuration compiled for every part before any part takes it. Everything that can be refused is refused here.
struct CompiledConfiguration {
  let roster: Roster
  let rules: RulesCompiler.Compiled
  let limits: LimiterSettings
  let tokens: TokenServiceSettings

  var settings: Settings { roster.settings }

  /// - Parameters:
  ///   - slots: the slots of the previous configuration; empty for the first one.
  ///   - oldest: the oldest generation that still has calls in progress.
  init(
    _ roster: Roster, slots: TokenSlotTable = TokenSlotTable(), oldest: UInt32 = 1, loopCount: Int
  ) throws(StartError) {
    self.roster = roster
    let compiler = RulesCompiler(roster)
    do { rules = try compiler.compile(slots: slots, oldest: oldest) } catch {
      throw StartError("too many combinations of apps and scopes: \(error)")
    }
    var limits = compiler.limits(loopCount: loopCount)
    for (number, place) in roster.limits.list.enumerated() where place?.isInForce ?? false {
      limits.rules[number].isShared = place?.item.isShared ?? false
    }
    self.limits = limits
    try FleetPart.check(roster.settings)
    if let problem = limits.problem { throw StartError("limits: \(problem)") }
    tokens = roster.tokenService
    do { try tokens.check(against: rules.slots) } catch { throw StartError("tokens: \(error)") }
  }

  /// The generation that loops will decide by. `former` is the one that they use now; nil at the start.
  func generation(
    _ settings: RelaySettings, resolver: NameResolver, log: LogWriter?,
    listeners: [SharedListener?], tls: TLSFiles.Entries, instead former: Generation?
  ) -> Generation {
    var parts = Generation.Parts(
      rules: rules.rules, settings: settings, identities: CallerIdentities(roster),
      resolver: resolver, scopeTexts: rules.scopeTexts, limits: limits)
    parts.number = roster.generation
    parts.log = log
    parts.listeners = listeners
    parts.acceptors = roster.listeners.list.enumerated().map { number, place in
      guard let place else { return nil }
      // A removed listener keeps the TLS acceptor that it had, for its last connections.
      guard place.isInForce else {
        return former.flatMap { number < $0.acceptors.count ? $0.acceptors[number] : nil }
      }
      return tls.listeners[place.item.address]?.acceptor
    }
    parts.arrivedCallers = roster.callers.arrived
    parts.arrivedApps = roster.apps.arrived
    if let former {
      parts.upstream = former.resolver === resolver ? former.upstream : former.upstream + 1
    }
    return Generation(parts)
  }
}

extension Settings {
  /// Whether the upstream settings reach the same server in the same way as those of `other`.
  func hasSameUpstream(as other: Settings) -> Bool {
    upstream.scheme == other.upstream.scheme && upstream.host == other.upstream.host
      && upstream.port == other.upstream.port && upstream.proxy == other.upstream.proxy
      && upstream.caFile == other.upstream.caFile
  }

  /// Resolves the name of the upstream, or of the proxy in front of it.
  func resolver(
    _ mailboxes: [LoopMailbox<RelayMessage>], clock: TimeSource
  ) throws(StartError) -> NameResolver {
    do {
      return try NameResolver(
        host: upstream.proxy?.host ?? upstream.host, port: upstream.proxy?.port ?? upstream.port,
        clock: clock, resolved: { for mailbox in mailboxes { mailbox.waker.wake() } })
    } catch { throw StartError("out of descriptors: \(error)") }
  }
}
