internal import AccessTokens
package import Configuration
internal import EventLoop
internal import Forwarding
internal import GatewayServer
internal import Glibc
internal import RateLimiting
internal import Rules
internal import Synchronization
internal import System
internal import TokenFetching
internal import TrafficJournal
internal import TrafficLog

/// Takes another configuration while the gateway runs.
///
/// A reload is all or nothing. Everything that can be refused comes first and changes nothing: the file itself, changes
/// that need a restart, rules that cannot be compiled, addresses and files that the system refuses. Then each part
/// takes its new settings. Parts that loops depend on come first: tokens, limits, and finally the loops, by one message
/// each.
extension GatewayProcess {
  /// The result of a reload.
  package struct Reloaded: Equatable, Sendable {
    /// The changes in force from now on, one line each.
    package var changes: [String] = []
    /// Why nothing has changed.
    package var problems: [String] = []

    /// The result for the operator, one line per change.
    package var text: String {
      guard problems.isEmpty else {
        return "NOT RELOADED, everything is as before:\n" + problems.joined(separator: "\n")
      }
      if changes.isEmpty { return "reloaded: nothing has changed" }
      return "reloaded:\n" + changes.joined(separator: "\n")
    }

    func tell(by tell: (OperatorNotice) -> Void) {
      tell(problems.isEmpty ? .info(text) : .error(text))
    }
  }

  /// Reads the configuration again, takes it unless it has problems, and reports the result to the operator.
  package func reloadAndTell(_ reread: Reread) { reload(reread()).tell(by: tell) }

  /// Takes a newly read configuration unless it has problems.
  package func reload(_ read: Result<LoadedSettings, ConfigurationError>) -> Reloaded {
    switch read {
    case .failure(let error): return Reloaded(problems: [error.description])
    case .success(let loaded):
      for warning in loaded.warnings { tell(.warning("\(warning)")) }
      let problems = StartChecks(loaded, inherited: openSeats(loaded.settings)).problems.map(
        \.description)
      return problems.isEmpty ? reload(loaded.settings) : Reloaded(problems: problems)
    }
  }

  /// Takes `settings`. Calls in progress end under the configuration that they began with.
  package func reload(_ settings: Settings) -> Reloaded {
    guard !readiness.isDraining else {
      return Reloaded(problems: ["the gateway is shutting down"])
    }
    guard !isHandingOver.load(ordering: .acquiring) else {
      return Reloaded(problems: [
        "a hand-over is in progress: the new process reads the current configuration"
      ])
    }
    let done = inForce.withLockIfAvailable { inForce -> Reloaded in
      do throws(StartError) { return try exchange(settings, &inForce) } catch {
        return Reloaded(problems: [error.description])
      }
    }
    return done ?? Reloaded(problems: ["another reload is in progress; try again when it is done"])
  }

  private func exchange(
    _ settings: Settings, _ inForce: inout InForce
  ) throws(StartError) -> Reloaded {
    let changes = SettingsChanges(from: inForce.roster.settings, to: settings)
    guard changes.impossible.isEmpty else { return Reloaded(problems: changes.impossible) }
    try put(settings, in: &inForce, rereadsTrust: true)
    return Reloaded(changes: changes.lines)
  }

  /// - Parameters:
  ///   - rereadsTrust: whether files with certificates and authorities are read again, because their content may
  ///     differ.
  ///   - known: the listeners' TLS, if it was read already.
  func put(
    _ settings: Settings, in inForce: inout InForce, rereadsTrust: Bool,
    tls known: TLSFiles.Entries? = nil
  ) throws(StartError) {
    guard waitForLoops() else {
      throw StartError("the event loops have not taken the last change yet; try again in a moment")
    }
    let former = relays.current
    let oldest = relays.generations.oldest
    // 1. Everything that can be refused. It changes nothing.
    let roster: Roster
    do { roster = try inForce.roster.next(settings, oldest: oldest) } catch {
      throw StartError("\(error)")
    }
    let compiled = try CompiledConfiguration(
      roster, slots: inForce.slots, oldest: oldest, loopCount: relays.mailboxes.count)
    let leadsThere = settings.hasSameUpstream(as: inForce.roster.settings)
    var relaySettings = try RelaySettings(
      roster, threadCount: relays.mailboxes.count,
      known: leadsThere && (settings.upstream.caFile == nil || !rereadsTrust)
        ? former.settings.tls : nil)
    relaySettings.sampler = former.settings.sampler
    relaySettings.memory = former.settings.memory
    times(&relaySettings)
    var tls = known ?? tlsFiles.current
    if known == nil, rereadsTrust { tls = try TLSFiles.read(settings) }
    let listeners = try listeners(of: roster, former)
    let keepsLog = settings.traffic.log == inForce.roster.settings.traffic.log
    var new = NewParts()
    do throws(StartError) {
      if !keepsLog { new.log = try openLog(settings) }
      if !leadsThere {
        new.resolver = try settings.resolver(relays.mailboxes, clock: relays.clock)
      }
      try adopt(compiled.tokens, compiled.rules.slots, roster)
    } catch {
      new.stop()
      throw error
    }
    let log = keepsLog ? former.log : new.log
    let resolver = new.resolver ?? former.resolver
    // 2. From here on nothing can be refused.
    let next = compiled.generation(
      relaySettings, resolver: resolver, log: log, listeners: listeners, tls: tls, instead: former)
    adoptLimits(compiled)
    fleet.use(roster)
    relays.scopes.unlearn(learntAnew(compiled, former))
    relays.refusals.startOver(changedSlots(compiled.rules.slots, inForce.slots))
    setModes(settings, inForce.roster.settings, former)
    if let limits = settings.traffic.journal?.limits { journal?.writer.use(limits) }
    adminRules.use(settings.admin)
    tlsFiles.use(tls)
    relays.use(next)
    fleet.modes.use(roster)
    readiness.expect(compiled.rules.probes)
    facts.note(settings, loadedAt: relays.clock.wall)
    tokens.prefetch(compiled.rules.probes.map(\.slot))
    tokens.prefetch(WarmScopes(roster).slots(of: compiled.rules.slots))
    // 3. Parts that only calls in progress still need.
    if log !== former.log, let old = former.log {
      inForce.keep(former.number) { old.stop() }
    }
    if resolver !== former.resolver {
      let old = former.resolver
      inForce.keep(former.number) { old.stop() }
    }
    inForce.roster = roster
    inForce.slots = compiled.rules.slots
  }

  /// Waits until every loop uses the generation in force; false if that takes too long.
  private func waitForLoops() -> Bool {
    for _ in 0..<GatewayProcess.looks {
      if relays.generations.isAdopted { return true }
      _ = poll(nil, 0, GatewayProcess.lookPause)
    }
    return relays.generations.isAdopted
  }

  /// The number of checks whether the loops have taken a change, and the milliseconds between two checks.
  private static let looks = 2_000
  private static let lookPause: Int32 = 1

  // MARK: Parts

  /// Keeps open listeners and binds the new ones, which close themselves if this fails.
  private func listeners(
    of roster: Roster, _ former: Generation
  ) throws(StartError) -> [SharedListener?] {
    var listeners = [SharedListener?](repeating: nil, count: roster.listeners.count)
    for (number, listener) in roster.listeners.inForce {
      if number < former.listeners.count, let open = former.listeners[number] {
        listeners[number] = open
      } else {
        do throws(StartError) {
          listeners[number] = SharedListener(try bind(listener, of: roster.settings))
        } catch { throw StartError(error.description + overlap(listener, roster)) }
      }
    }
    return listeners
  }

  /// Explains why an address that this reload will free is not free yet.
  private func overlap(_ new: Listener, _ roster: Roster) -> String {
    guard case .tcp(_, let port) = new.address else { return "" }
    let old = roster.listeners.list.compactMap { $0 }.first { place in
      if case .tcp(_, port) = place.item.address { !place.isInForce } else { false }
    }
    guard let old else { return "" }
    return
      " (it is this gateway, on \(old.item.address): remove that first, reload, then add the new one)"
  }

  /// Parts that were started for a configuration that may still be refused.
  private struct NewParts {
    var log: LogWriter?
    var resolver: NameResolver?

    func stop() {
      _ = log?.stop()
      resolver?.stop()
    }
  }

  private func openLog(_ settings: Settings) throws(StartError) -> LogWriter? {
    try GatewayProcess.openLog(
      settings.traffic, clock: relays.clock, tell: { [tell] in tell(.warning($0)) })
  }

  private func adopt(
    _ settings: TokenServiceSettings, _ slots: TokenSlotTable, _ roster: Roster
  ) throws(StartError) {
    do {
      try tokens.adopt(settings, slots: slots, newApps: roster.apps.arrived)
    } catch { throw StartError(error.text) }
  }

  private func adoptLimits(_ compiled: CompiledConfiguration) {
    let roster = compiled.roster
    do {
      try relays.limiter.adopt(
        compiled.limits,
        LimiterChange(
          limits: roster.limits.arrived, apps: roster.apps.arrived, callers: roster.callers.arrived),
        at: relays.clock.monotonic)
    } catch {
      // The compiled configuration was checked before and has no such problem.
      preconditionFailure("limits that were found to be good are refused: \(error)")
    }
  }

  /// Apps whose scopes must be learnt again: what was enough before no longer applies.
  private func learntAnew(_ compiled: CompiledConfiguration, _ former: Generation) -> Set<Int> {
    let apps = compiled.rules.rules.apps
    let changed = former.rules.apps.indices.filter {
      apps[$0].ladders != former.rules.apps[$0].ladders
    }
    return compiled.roster.apps.arrived.union(changed)
  }

  private func changedSlots(_ next: TokenSlotTable, _ old: TokenSlotTable) -> [TokenSlot] {
    (0..<old.count).map { TokenSlot(index: $0) }.filter { next[$0] != old[$0] }
  }

  /// Sets the permission bits of Unix socket files that stay and whose mode changes.
  private func setModes(_ next: Settings, _ former: Settings, _ generation: Generation) {
    for listener in next.listeners {
      guard case .unix(let path) = listener.address,
        let old = former.listeners.first(where: { $0.address == listener.address }),
        old.socketMode != listener.socketMode,
        !generation.listeners.contains(where: { $0?.file?.path == path && $0?.isShared ?? false })
      else { continue }
      setMode(path, listener.socketMode)
    }
    if let admin = next.admin, case .unix(let path) = admin.address,
      former.admin?.socketMode != admin.socketMode
    {
      setMode(path, admin.socketMode)
    }
  }

  private func setMode(_ path: String, _ mode: UInt16) {
    do throws(SystemError) { try FileMode.set(mode, of: path) } catch {
      tell(.warning("cannot change the mode of \(path): \(error)"))
    }
  }

  // MARK: Leftovers of previous configurations

  /// Ends parts that only finished calls needed, and frees the numbers of removed things. Call it regularly on the
  /// thread that waits for signals.
  package func tidyUp() {
    fleet.retry()
    let oldest = relays.generations.oldest
    let ended = inForce.withLockIfAvailable { $0.takeEnded(oldest: oldest) } ?? []
    for end in ended where !end() {
      tell(.warning("a thread of an earlier configuration is blocked and still running"))
    }
    guard oldest == relays.current.number, !readiness.isDraining,
      !isHandingOver.load(ordering: .acquiring)
    else { return }
    _ = inForce.withLockIfAvailable { inForce in
      guard inForce.roster.hasLeaving else { return }
      // Applies the same configuration again, so that removed things lose their numbers.
      do throws(StartError) {
        try put(inForce.roster.settings, in: &inForce, rereadsTrust: false)
      } catch {
        tell(.warning("the memory of an earlier configuration is not freed yet: \(error)"))
      }
    }
  }
}

extension TokenServiceSettings.Problem {
  /// The problem, worded for the operator.
  var text: String {
    switch self {
    case .badTrust(let reason): "upstream: \(reason)"
    case .isBusy:
      "tokens: the thread that fetches them has not taken the change (it is blocked, or file descriptors have run out); try again"
    default: "tokens: \(self)"
    }
  }
}
