internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import Memory
internal import RateLimiting
internal import System
internal import Telemetry

/// Finds or makes an upstream connection.
extension Relay {
  /// Finds a connection for the exchange: an idle one, a new one, or a place in the queue.
  mutating func takeConnection(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    let sharer = sharer(id)
    // While no call of an earlier configuration is under way, all calls lead to the same place.
    if !retirement.isEmpty, leadsElsewhere(id) {
      return connectAfresh(id, on: &loop)
    }
    guard pool.shares.mayTake(sharer) else { return queueForConnection(id, on: &loop) }
    while let upstream = pool.takeIdle() {
      guard upstreams.contains(upstream) else { continue }
      pool.idleCount -= 1
      // The peer has closed, or sent bytes that nothing asked for: RFC 9112 section 9.5.
      if loop.isDisturbed(upstreams[upstream].takeFromIdle()) {
        dropUpstream(upstream, on: &loop)
        continue
      }
      join(id, upstream, sharer)
      return connectionIsReady(id, on: &loop)
    }
    return pool.openCount < generation.settings.maxConnections
      ? .connect : queueForConnection(id, on: &loop)
  }

  /// Takes a new connection for another attempt, or a place in the queue.
  mutating func connectAfresh(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    pool.openCount < generation.settings.maxConnections && pool.shares.mayTake(sharer(id))
      ? .connect : queueForConnection(id, on: &loop)
  }

  /// Connects to the next address.
  mutating func connect(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    let addresses = retirement.isEmpty ? destination.addresses : formerAddresses(of: id)
    guard let address = addresses.next else { return awaitAddresses(id, on: &loop) }
    let its = generation(of: id)
    let upstream = upstreams.insert(UpstreamConnection(to: its.upstream))
    pool.openCount += 1
    do throws(SystemError) {
      upstreams[upstream].socket = try loop.connect(
        to: address, tunnel: its.settings.tunnel, tls: its.settings.tls,
        tag: SocketTag(kind: SocketKind.upstream, record: upstream))
    } catch {
      forgetUpstream(upstream)
      return connectFailed(id, .connect(error), on: &loop)
    }
    join(id, upstream, sharer(id))
    exchanges[id].state.connecting(at: loop.now)
    awaitUpstream(id, on: &loop)
    return .wait
  }

  /// Goes on after no connection could be made for the exchange: with the next address, or to the end.
  mutating func connectFailed(
    _ id: SlabHandle, _ failure: SocketFailure, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    noteUnreachable()
    // A certificate is just as bad at another address.
    let mayTryNext = if case .connect = failure { true } else { false }
    if case .tryAgain(let action) = exchanges[id].state.connectFailed(
      mayTryNext: mayTryNext, addressCount: destination.addresses.count)
    {
      return action
    }
    answer(
      id, Relay.error(for: failure, name: generation(of: id).settings.upstreamName),
      .init(.upstream, .connect),
      on: &loop)
    return .wait
  }

  /// Notes that an address did not accept a connection: others are tried next, and the name is resolved again.
  mutating func noteUnreachable() {
    destination.addresses.skip()
    figures.count(.connectionsFailed)
    generation.resolver.refresh()
  }

  /// Waits for the upstream's addresses, or ends the exchange because the name does not resolve.
  private mutating func awaitAddresses(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    guard let failure = formerAddresses(of: id).failure else {
      return queueForConnection(id, on: &loop)
    }
    generation.resolver.refresh()
    answer(
      id,
      GatewayError(
        .nameResolution,
        "The name of \(generation(of: id).settings.upstreamName) does not resolve: \(failure). "
          + "Check upstream.url and the resolver."),
      .init(.gateway, .connect), on: &loop)
    return .wait
  }

  /// A connection was made.
  mutating func upstreamConnected(_ upstream: SlabHandle, on loop: inout EventLoop) {
    upstreams[upstream].isConnected = true
    figures.count(.connectionsMade)
    let id = upstreams[upstream].fetch.exchange
    if id.isSome {
      run(connectionIsReady(id, on: &loop), of: id, on: &loop)
    } else {
      becomeIdle(upstream, wasUsed: false, on: &loop)
    }
  }

  /// The exchange has a connection, which it gives back if its token has expired in the meantime.
  @inline(__always)
  private mutating func connectionIsReady(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    let hasCredential =
      if case .token(let slot) = exchanges[id].plan.credential {
        loop.now < tokens.usableUntil(of: slot)
      } else { true }
    let action = exchanges[id].state.connectionReady(hasCredential: hasCredential, at: loop.now)
    if !hasCredential {
      becomeIdle(leaveFetch(id), wasUsed: false, on: &loop)
    }
    return action
  }

  /// The error a caller sees for a failed connection.
  static func error(for failure: SocketFailure, name: String) -> GatewayError {
    switch failure {
    case .connect(let error):
      GatewayError(.connectionRefused, "Connecting to \(name) failed: \(error).")
    case .tunnel(let reason):
      GatewayError(
        .connectionRefused,
        "Connecting to \(name) through the proxy failed: \(reason). Check upstream.proxy.")
    case .certificate(let reason):
      GatewayError(
        .certificateRefused,
        "The certificate of \(name) is not accepted: \(reason). "
          + "If it is signed by a private authority, name that in upstream.caFile.")
    case .tls(let reason):
      GatewayError(.tlsFailed, "The TLS connection to \(name) failed: \(reason).")
    case .tlsAlert(let reason):
      GatewayError(
        .tlsFailed, "\(name) refused the TLS connection: \(reason).",
        proxyErrorType: "tls_alert_received")
    case .untaken(let error), .broken(let error):
      GatewayError(.connectionTerminated, "The connection to \(name) broke: \(error).")
    }
  }
}
