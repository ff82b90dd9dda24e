internal import AccessTokens
package import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
package import System
internal import Telemetry

/// The configuration changes while the loop runs.
///
/// Between two events no request is half decided, so that is when the loop takes the next generation. Connections are
/// left alone: each is identified again with its next request.
extension Relay {
  /// Begins to accept, if this is the accepting loop. With `isHeld`, callers wait until the loop gets the message to
  /// serve.
  package mutating func begin(
    on loop: inout EventLoop, isHeld: Bool = false
  ) throws(SystemError) {
    loop.descriptorMark = generation.settings.descriptorMark
    guard loopNumber == Relay.acceptingLoop else { return }
    for (number, listener) in generation.listeners.enumerated() {
      try listener?.listen(on: &loop, as: number)
    }
    if isHeld { loop.pauseListening() }
  }

  mutating func adopt(_ next: Generation, on loop: inout EventLoop) {
    // These lines belong in the log that was in force when their calls ended.
    flushLines()
    let former = generation
    retire(next)
    generation = next
    planner = RequestPlanner(rules: next.rules)
    requestRewriter = RequestHeadRewriter(rules: next.rules, continuesTraces: isTracing)
    responseRewriter = ResponseHeadRewriter(rules: next.rules)
    (plannerVersions.scopes, planner.rungs) = shared.scopes.rungs
    (plannerVersions.modes, planner.modes) = shared.modes.current
    tokens.refreshIfChanged(from: shared.tokenStore)
    loop.descriptorMark = next.settings.descriptorMark
    bodies = BodyWatch(next.settings)
    if !former.labels.areSame(as: next.labels) || !next.arrived.apps.isEmpty
      || !next.arrived.callers.isEmpty
    {
      figures = figures.under(
        next.labels, newCallers: Set(next.arrived.callers.map { $0 + 1 }),
        newApps: Set(next.arrived.apps.map { $0 + 1 }))
      shared.put(figures, of: loopNumber)
    }
    pool.adopt(next)
    if former.upstream != next.upstream { leaveUpstream(on: &loop) }
    dropSurplus(on: &loop)
    pool.noteRoom()
    if loopNumber == Relay.acceptingLoop { listen(insteadOf: former, on: &loop) }
    noteGenerations()
    if !retirement.isEmpty { loop.setAlarm(at: loop.now + Retirement.pause) }
  }

  /// Keeps the generation in force for what is still under way.
  private mutating func retire(_ next: Generation) {
    var leaving: [SlabHandle] = []
    if generation.listeners.indices.contains(where: { generation.listens($0) && !next.listens($0) })
    {
      for handle in callers.handles where !next.listens(Int(callers[handle].listener)) {
        leaving.append(handle)
      }
    }
    retirement.add(generation, exchanges: exchanges.handles, callers: leaving)
  }

  private func noteGenerations() {
    shared.generations.note(
      loop: loopNumber, adopted: generation.number, oldest: retirement.oldest ?? generation.number)
  }

  /// Checks whether the last call of an older generation is over.
  mutating func lookAtRetired(on loop: inout EventLoop) {
    if retirement.look(exchanges: exchanges, callers: callers) { noteGenerations() }
    if !retirement.isEmpty { loop.setAlarm(at: loop.now + Retirement.pause) }
  }

  // MARK: Callers

  /// Identifies a caller that was identified by another configuration.
  ///
  /// - Returns: where its requests come from, and what is special about this one.
  @inline(never)
  mutating func identifyAnew(
    _ handle: SlabHandle, _ marks: CallerMarks, on loop: inout EventLoop
  ) -> (origin: CallerConnection.Origin, marks: CallerMarks) {
    if callers[handle].security.isSome { return lookAtSecured(handle, marks, on: &loop) }
    let listener = Int(callers[handle].listener)
    // Without TLS, where the listener uses TLS by now, the connection belongs to no caller.
    let caller =
      generation.acceptor(of: listener) == nil
      ? generation.identities.caller(of: callers[handle].peer, listener: listener) : nil
    let isLast = !generation.listensPlainly(listener)
    // A connection whose listener was removed is checked with each request.
    callers[handle].identify(caller, by: isLast ? 0 : generation.number)
    return (callers[handle].origin, isLast ? marks.union(.isLast) : marks)
  }

  /// Accepts callers at new listeners, and no longer at removed ones.
  private mutating func listen(insteadOf former: Generation, on loop: inout EventLoop) {
    guard !draining.hasBegun else { return }
    for (number, listener) in former.listeners.enumerated() {
      guard let listener, generation.listeners[number] !== listener else { continue }
      loop.stopListening(number, &self)
      listener.close()
    }
    for (number, listener) in generation.listeners.enumerated() {
      guard let listener, number >= former.listeners.count || former.listeners[number] !== listener
      else { continue }
      do throws(SystemError) { try listener.listen(on: &loop, as: number) } catch {
        shared.tell("cannot listen on \(listener.address): \(error)")
      }
    }
  }

  // MARK: Upstream

  /// The generation that the exchange began under.
  func generation(of id: SlabHandle) -> Generation {
    retirement.isEmpty ? generation : retirement.generation(of: id) ?? generation
  }

  /// Whether the exchange has another upstream than new exchanges: then it makes its own connection.
  @inline(never)
  func leadsElsewhere(_ id: SlabHandle) -> Bool {
    generation(of: id).upstream != generation.upstream
  }

  /// The addresses to connect to for an exchange, which may have begun under another configuration.
  @inline(never)
  mutating func formerAddresses(of id: SlabHandle) -> UpstreamAddresses {
    guard leadsElsewhere(id) else { return destination.addresses }
    return retirement.addresses(of: id) ?? destination.addresses
  }

  /// New connections lead to another place: idle ones are of no use any more.
  private mutating func leaveUpstream(on loop: inout EventLoop) {
    destination = UpstreamDestination(generation)
    destination.addresses.refresh(from: generation.resolver)
    while let upstream = pool.takeIdle() {
      if upstreams.contains(upstream) { dropUpstream(upstream, on: &loop) }
    }
  }

  /// Closes idle connections beyond the allowed number.
  private mutating func dropSurplus(on loop: inout EventLoop) {
    while pool.openCount > generation.settings.maxConnections, let upstream = pool.takeIdle() {
      if upstreams.contains(upstream) { dropUpstream(upstream, on: &loop) }
    }
  }
}
