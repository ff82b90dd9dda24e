internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import System
internal import Telemetry

/// Tokens and upstream connections are found, or waited for.
extension Relay {
  // MARK: Tokens

  /// Looks up the exchange's credential. Asks for a token that is not there; ends the exchange when there is none
  /// to be had.
  mutating func findCredential(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    while case .token(let slot) = exchanges[id].plan.credential {
      switch tokens.state(of: slot, now: loop.now) {
      case .usable: return exchanges[id].state.credentialFound(at: loop.now)
      case .missing:
        shared.tokenService.need(slot)
        return exchanges[id].state.credentialMissing()
      case .failing:
        if case .findCredential = tryScopePastRefused(id, now: loop.now) { continue }
        let error = tokenError(id, timedOut: false, now: loop.now)
        answer(id, error, .init(refusedAt: .credential), on: &loop)
        return .wait
      }
    }
    return exchanges[id].state.credentialFound(at: loop.now)
  }

  mutating func waitForToken(_ id: SlabHandle, on loop: inout EventLoop) {
    awaitingToken.append(id)
    let caller = exchanges[id].caller
    loop.setDeadline(callers[caller].socket, at: loop.now + shared.settings.tokenTimeout)
  }

  /// Something was published: looks at every exchange that waits for a token.
  mutating func serveAwaitingToken(on loop: inout EventLoop) {
    guard awaitingToken.count > 0 else { return }
    var waiting = RecordList<SlabHandle>(capacity: 16)
    swap(&waiting, &awaitingToken)
    for i in 0..<waiting.count {
      let id = waiting[i]
      guard exchanges.contains(id), exchanges[id].state.phase == .awaitingToken else { continue }
      guard case .token(let slot) = exchanges[id].plan.credential else {
        serveAwaitingBasic(id, on: &loop)
        continue
      }
      switch tokens.state(of: slot, now: loop.now, refused: exchanges[id].refusedGeneration) {
      case .missing: awaitingToken.append(id)
      case .usable: goOnWithCredential(id, on: &loop)
      case .failing:
        if case .findCredential = tryScopePastRefused(id, now: loop.now) {
          loop.setDeadline(callers[exchanges[id].caller].socket, at: nil)
          goOn(id, on: &loop)
          continue
        }
        let error = tokenError(id, timedOut: false, now: loop.now)
        answer(id, error, .init(refusedAt: .credential), on: &loop)
      }
    }
  }

  private mutating func goOnWithCredential(_ id: SlabHandle, on loop: inout EventLoop) {
    let caller = exchanges[id].caller
    loop.setDeadline(callers[caller].socket, at: nil)
    switch exchanges[id].state.credentialFound(at: loop.now) {
    case .collectBody: collectBody(id, on: &loop)
    case .takeConnection: takeConnection(id, on: &loop)
    default: break
    }
  }

  /// The exchange's Basic credential was refused: another secret may have taken over, or there is none.
  private mutating func serveAwaitingBasic(_ id: SlabHandle, on loop: inout EventLoop) {
    let app = exchanges[id].plan.app
    if tokens.basicGeneration(app: app) != exchanges[id].refusedGeneration {
      goOnWithCredential(id, on: &loop)
    } else if tokens.basicChecks(app: app) != exchanges[id].basicChecks {
      answer(id, credentialError(id), .init(.upstream, .responseHead), on: &loop)
    } else {
      awaitingToken.append(id)
    }
  }

  /// Why there is no token, for the caller: what to do, and never a secret.
  func tokenError(_ id: SlabHandle, timedOut: Bool, now: Int64) -> GatewayError {
    guard case .token(let slot) = exchanges[id].plan.credential else {
      if exchanges[id].refusedGeneration != 0 { return credentialError(id) }
      return GatewayError(.internalError, "A token was waited for that is not needed.")
    }
    guard let failure = tokens.failure(of: slot) else {
      return GatewayError(
        .tokenTimeout, "The token endpoint did not answer in time; try again.", retryAfter: 1)
    }
    if failure.needsOperator { return GatewayError(.credentialRefused, failure.detail) }
    return GatewayError(
      .tokenUnavailable, failure.detail,
      retryAfter: max(1, Int(failure.secondsUntilRetry(at: now))))
  }

  /// SCORM Cloud itself refused the credential, and a fresh token did not help or is not to be had.
  func credentialError(_ id: SlabHandle) -> GatewayError {
    GatewayError(
      .upstreamRefusedCredential,
      "SCORM Cloud answered 401 to the gateway's credential for the app "
        + "\(shared.rules.apps[exchanges[id].plan.app].name): check that its secret is current "
        + "and that it may call this operation.")
  }

  // MARK: Connections

  /// Finds a connection for the exchange: an idle one, a new one, or a place in the queue.
  mutating func takeConnection(_ id: SlabHandle, on loop: inout EventLoop) {
    guard pool.shares.mayTake(sharer(id)) else {
      waitIfThereIsRoom(id, on: &loop)
      return
    }
    while let upstream = pool.takeIdle() {
      guard upstreams.contains(upstream) else { continue }
      upstreams[upstream].isIdle = false
      pool.idleCount -= 1
      // The peer said goodbye, or something nobody asked for: RFC 9112 section 9.5.
      if loop.isDisturbed(upstreams[upstream].socket) {
        dropUpstream(upstream, on: &loop)
        continue
      }
      join(id, upstream)
      sendRequest(id, on: &loop)
      return
    }
    if pool.openCount < shared.settings.maxConnections {
      connect(id, on: &loop)
      return
    }
    waitIfThereIsRoom(id, on: &loop)
  }

  /// Index of the exchange's caller, among whom connections are shared out.
  private func sharer(_ id: SlabHandle) -> Int { exchanges[id].plan.caller }

  private mutating func waitIfThereIsRoom(_ id: SlabHandle, on loop: inout EventLoop) {
    guard pool.shares.waitingCount >= shared.settings.maxWaiting else {
      waitForConnection(id, on: &loop)
      return
    }
    guard let youngest = pool.shares.makeRoom(for: sharer(id)) else {
      answer(id, connectionWaitError(id), .init(.gateway, .connect), on: &loop)
      return
    }
    waitForConnection(id, on: &loop)
    let other = SlabHandle(bits: youngest)
    exchanges[other].connectionPlace = ConnectionShares.none
    answer(other, connectionWaitError(other), .init(.gateway, .connect), on: &loop)
  }

  /// A fresh connection for another attempt, or a place in the queue.
  mutating func connectAfresh(_ id: SlabHandle, on loop: inout EventLoop) {
    if pool.openCount < shared.settings.maxConnections, pool.shares.mayTake(sharer(id)) {
      connect(id, on: &loop)
    } else {
      waitIfThereIsRoom(id, on: &loop)
    }
  }

  /// The exchange waits no longer for a connection.
  mutating func leaveConnectionQueue(_ id: SlabHandle) {
    pool.shares.leave(exchanges[id].connectionPlace)
    exchanges[id].connectionPlace = ConnectionShares.none
  }

  private mutating func waitForConnection(_ id: SlabHandle, on loop: inout EventLoop) {
    exchanges[id].state.connectionQueued(at: loop.now)
    exchanges[id].connectionPlace = pool.shares.join(id.bits, of: sharer(id))
    figures.count(.poolWaits)
    let caller = exchanges[id].caller
    loop.setDeadline(callers[caller].socket, at: loop.now + shared.settings.connectTimeout)
    beginLooking(on: &loop)
  }

  /// Why the exchange got no connection in time.
  func connectionWaitError(_ id: SlabHandle) -> GatewayError {
    if addresses.isEmpty {
      return GatewayError(
        .nameResolutionTimeout, "The name of \(shared.settings.upstreamName) does not resolve yet.")
    }
    return GatewayError(
      .connectionLimit,
      "All \(shared.settings.maxConnections) connections to the upstream are in use "
        + "(upstream.maxConnections); try again.",
      retryAfter: 1)
  }

  mutating func connect(_ id: SlabHandle, on loop: inout EventLoop) {
    guard !addresses.isEmpty else {
      if let failure = resolutionFailure {
        shared.resolver.refresh()
        answer(
          id,
          GatewayError(
            .nameResolution,
            "The name of \(shared.settings.upstreamName) does not resolve: \(failure). "
              + "Check upstream.url and the resolver."),
          .init(.gateway, .connect), on: &loop)
      } else {
        waitIfThereIsRoom(id, on: &loop)
      }
      return
    }
    let address = addresses[nextAddress % addresses.count]
    let upstream = upstreams.insert(UpstreamConnection())
    pool.openCount += 1
    do throws(SystemError) {
      upstreams[upstream].socket = try loop.connect(
        to: address, tunnel: shared.settings.tunnel, tls: shared.settings.tls,
        tag: SocketTag(kind: SocketKind.upstream, record: upstream))
    } catch {
      pool.openCount -= 1
      _ = upstreams.remove(upstream)
      connectFailed(id, .connect(error), on: &loop)
      return
    }
    join(id, upstream)
    if exchanges[id].attemptStarted == 0 { exchanges[id].attemptStarted = loop.now }
    loop.setDeadline(
      upstreams[upstream].socket, at: loop.now + shared.settings.connectTimeout)
  }

  private mutating func join(_ id: SlabHandle, _ upstream: SlabHandle) {
    exchanges[id].upstream = upstream
    upstreams[upstream].exchange = id
    let caller = sharer(id)
    upstreams[upstream].holder = Int32(caller)
    pool.shares.take(caller)
  }

  /// The connection serves its caller no longer.
  private mutating func giveBack(_ upstream: SlabHandle) {
    let holder = upstreams[upstream].holder
    guard holder >= 0 else { return }
    upstreams[upstream].holder = -1
    pool.shares.give(Int(holder))
  }

  mutating func upstreamConnected(_ upstream: SlabHandle, on loop: inout EventLoop) {
    upstreams[upstream].isConnected = true
    figures.count(.connectionsMade)
    let id = upstreams[upstream].exchange
    if id.isSome {
      sendRequest(id, on: &loop)
    } else {
      becomeIdle(upstream, wasUsed: false, on: &loop)
    }
  }

  /// No connection could be made for the exchange: the next address, or the end.
  mutating func connectFailed(
    _ id: SlabHandle, _ failure: SocketFailure, on loop: inout EventLoop
  ) {
    nextAddress += 1
    figures.count(.connectionsFailed)
    shared.resolver.refresh()
    // Another address may work where this one does not; a certificate is no better there.
    let canTryNext: Bool
    if case .connect = failure { canTryNext = true } else { canTryNext = false }
    exchanges[id].connectAttempts += 1
    if canTryNext, Int(exchanges[id].connectAttempts) < min(addresses.count, 3) {
      connect(id, on: &loop)
      return
    }
    logAttempt(id, reason: nil, now: loop.now)
    answer(
      id, Relay.error(for: failure, name: shared.settings.upstreamName), .init(.upstream, .connect),
      on: &loop)
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

  // MARK: Sending

  /// Sends the request's head with its credential, and what is there of its body.
  private mutating func sendRequest(_ id: SlabHandle, on loop: inout EventLoop) {
    // The token may have expired while the exchange waited for its connection.
    let hasCredential =
      if case .token(let slot) = exchanges[id].plan.credential {
        loop.now < tokens.usableUntil(of: slot)
      } else { true }
    guard
      case .sendRequest = exchanges[id].state.connectionReady(
        hasCredential: hasCredential, at: loop.now)
    else {
      releaseUnused(id, on: &loop)
      goOn(id, on: &loop)
      return
    }
    let upstream = exchanges[id].upstream
    let socket = upstreams[upstream].socket
    if exchanges[id].attemptStarted == 0 { exchanges[id].attemptStarted = loop.now }
    output.removeAll()
    output.put(exchanges[id].head)
    let credentialStart = output.count
    putCredential(id)
    let credentialEnd = output.count
    if isTracing { putTraceparent(id) }
    output.put("\r\n")
    output.put(exchanges[id].body)
    loop.send(output.bytes, to: socket)
    // The scratch buffer is used for answers of all kinds: nothing of a credential stays in it.
    output.overwrite(from: credentialStart, to: credentialEnd)
    let isComplete = exchanges[id].state.requestIsComplete
    loop.setDeadline(
      socket,
      at: loop.now
        + (isComplete ? shared.settings.responseTimeout : shared.settings.idleTimeout))
    guard !isComplete else { return }
    let caller = exchanges[id].caller
    loop.setDeadline(callers[caller].socket, at: loop.now + shared.settings.idleTimeout)
    readOn(caller, on: &loop)
  }

  private mutating func putCredential(_ id: SlabHandle) {
    switch exchanges[id].plan.credential {
    case .token(let slot):
      exchanges[id].tokenFingerprint = tokens.fingerprint(of: slot)
      exchanges[id].tokenGeneration = tokens.generation(of: slot)
      _ = tokens.putAuthorization(of: slot, into: &output)
    case .basic:
      exchanges[id].tokenGeneration = tokens.basicGeneration(app: exchanges[id].plan.app)
      tokens.putBasic(app: exchanges[id].plan.app, into: &output)
    case .none: break
    }
  }

  // MARK: Letting go

  /// Gives a connection back that was joined and not used.
  private mutating func releaseUnused(_ id: SlabHandle, on loop: inout EventLoop) {
    let upstream = exchanges[id].upstream
    exchanges[id].upstream = .none
    guard upstream.isSome else { return }
    upstreams[upstream].exchange = .none
    becomeIdle(upstream, wasUsed: false, on: &loop)
  }

  /// Puts a connection without an exchange to the idle ones, or to the exchange that waits longest. `wasUsed`: it
  /// has carried a request.
  mutating func becomeIdle(_ upstream: SlabHandle, wasUsed: Bool, on loop: inout EventLoop) {
    upstreams[upstream].input.release()
    giveBack(upstream)
    if wasUsed { upstreams[upstream].wasReused = true }
    upstreams[upstream].isIdle = true
    pool.idleCount += 1
    loop.setDeadline(
      upstreams[upstream].socket, at: loop.now + shared.settings.upstreamIdleTimeout)
    pool.putIdle(upstream)
    if pool.shares.waitingCount > 0 { serveWaiting(on: &loop) }
  }

  /// Closes a connection and forgets it.
  mutating func dropUpstream(_ upstream: SlabHandle, on loop: inout EventLoop) {
    loop.close(upstreams[upstream].socket)
    forgetUpstream(upstream)
  }

  /// Forgets a connection whose socket is gone.
  mutating func forgetUpstream(_ upstream: SlabHandle) {
    giveBack(upstream)
    if upstreams[upstream].isIdle { pool.idleCount -= 1 }
    _ = upstreams.remove(upstream)
    pool.openCount -= 1
    pool.compact(upstreams)
  }

  /// Cuts the exchange's upstream connection, so that what was sent of it cannot pass for all of it.
  mutating func abandonUpstream(_ id: SlabHandle, on loop: inout EventLoop) {
    let upstream = exchanges[id].upstream
    exchanges[id].upstream = .none
    guard upstream.isSome, upstreams.contains(upstream) else { return }
    if exchanges[id].state.requestIsComplete {
      loop.close(upstreams[upstream].socket)
    } else {
      loop.abort(upstreams[upstream].socket)
    }
    forgetUpstream(upstream)
    if pool.shares.waitingCount > 0 { serveWaiting(on: &loop) }
  }

  /// Gives exchanges that wait their connection, those of callers that hold fewest first, as far as there are any to
  /// give. Who gets none keeps its place and its deadline: this is called whenever the loop is woken.
  mutating func serveWaiting(on loop: inout EventLoop) {
    var budget = pool.shares.waitingCount
    while budget > 0, pool.idleCount > 0 || pool.openCount < shared.settings.maxConnections,
      let call = pool.shares.takeNext()
    {
      budget -= 1
      let id = SlabHandle(bits: call)
      exchanges[id].connectionPlace = ConnectionShares.none
      let caller = exchanges[id].caller
      loop.setDeadline(callers[caller].socket, at: nil)
      takeConnection(id, on: &loop)
    }
  }
}
