internal import AccessTokens
package import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import SCORMCloudAPI
internal import Synchronization
package import System
internal import Telemetry
internal import TrafficLog

/// The data plane of one event loop: callers' connections, upstream connections, and the exchanges that
/// join them.
///
/// It carries out what the pure half decides (``RequestPlanner``, ``ExchangeStateMachine``). Its files, in the order in
/// which a request passes through them:
/// - `Relay.swift`: what the relay holds, and the loop's events.
/// - `Relay+Arrival.swift`: callers arrive from this loop or another; what other threads hand over.
/// - `Relay+Security.swift`: callers with TLS.
/// - `Relay+Caller.swift`: a caller's bytes become requests.
/// - `Relay+Begin.swift`: an exchange begins.
/// - `Relay+Quota.swift`: limits.
/// - `Relay+Run.swift`: from here on the exchange's state machine says what is next.
/// - `Relay+Credential.swift`: tokens.
/// - `Relay+Body.swift`: the request's body.
/// - `Relay+Rehearsal.swift`: in mode dry-run nothing is sent.
/// - `Relay+Connection.swift`, `Relay+ConnectionQueue.swift`, `Relay+Pool.swift`: upstream connections.
/// - `Relay+Send.swift`, `Relay+Resend.swift`: the request goes upstream, or goes again.
/// - `Relay+Upstream.swift`: the answer comes back.
/// - `Relay+Reflection.swift`: the gateway's own credential in it is masked.
/// - `Relay+Refusal.swift`, `Relay+Scope.swift`: the credential is refused.
/// - `Errand.swift`: exchanges with several fetches.
/// - `Relay+Job.swift`, `Relay+JobState.swift`, `Relay+JobAnswer.swift`: a job as one call.
/// - `Relay+Walk.swift`, `Relay+WalkPage.swift`, `Relay+WalkOutput.swift`: a list over many pages as one answer.
/// - `Relay+Confirmation.swift`: records are counted before a call acts on them.
/// - `Relay+Deadlines.swift`: how long either side may take.
/// - `Relay+UpstreamEnd.swift`, `Relay+CallerEnd.swift`: peers that end, fail, or are too slow.
/// - `Relay+Answer.swift`: the answers that the gateway itself gives.
/// - `Relay+Finish.swift`: the exchange ends.
/// - `Relay+Settle.swift`: what that means for others, and the life of a caller's connection.
/// - `Relay+Line.swift`, `Relay+Figures.swift`, `Relay+Trace.swift`: log line, metrics and spans, along the whole way.
/// - `Relay+SlowCallers.swift`, `Relay+Idle.swift`, `Relay+Memory.swift`: when connections, descriptors or memory run
///   out.
/// - `Relay+Generation.swift`: the configuration changes.
/// - `Relay+HandOver.swift`: another process takes over.
/// - `Relay+Draining.swift`: the end.
package struct Relay: ~Copyable {
  private let staysInPlace = StaysInPlace()
  let shared: RelayShared
  /// The generation by which new requests are decided.
  var generation: Generation
  /// Older generations that still have calls under way.
  var retirement = Retirement()
  /// This loop's number.
  let loopNumber: Int
  /// What this loop counts.
  var figures: LoopFigures
  let limiter: SharedLimiter
  /// Whether spans are exported, of some traces at least.
  let isTracing: Bool
  /// What bodies are searched for.
  var bodies: BodyWatch
  var planner: RequestPlanner
  var requestRewriter: RequestHeadRewriter
  var responseRewriter: ResponseHeadRewriter
  var requestParser = RequestHeadParser()
  var responseParser = ResponseHeadParser()
  var tokens: TokenView
  /// The versions that this loop has seen of what loops share: the scope memory, the modes and the jobs.
  var plannerVersions = (scopes: UInt64(0), modes: UInt64(0), jobs: UInt64(0))
  var requestIDs = RequestIDs()
  var traceIDs = TraceIDs()
  var dates = DateTexts()
  var callers = Slab<CallerConnection>(capacity: 64)
  /// What is known of callers with TLS.
  var secured = Slab<SecuredCaller>(capacity: 1)
  var upstreams = Slab<UpstreamConnection>(capacity: 64)
  var exchanges = Slab<Exchange>(capacity: 64)
  var pool: UpstreamPool
  /// Callers whose exchange or input has changed with the event under way.
  var unsettled = RecordList<SlabHandle>(capacity: 16)
  /// Exchanges that wait for a token, including those that have given up since.
  var awaitingToken = RecordList<SlabHandle>(capacity: 16)
  /// Budget of searches for operations that resemble unknown ones.
  var searches = SearchBudget()
  /// What is about to be sent, assembled.
  var output = ByteBuffer(capacity: 16 * 1024)
  var lines = LineBatch()
  /// Buffers of finished exchanges, for the next ones: two for each.
  var spares = SpareBuffers()
  var destination: UpstreamDestination
  var draining = Draining()
  /// When complaints may be repeated.
  var complaints = Complaints()
  /// The state of memory before the last wait for events.
  var memory = MemoryWatch.View()
  /// Bytes that may wait for a slow reader before its source is paused.
  var highWater: Int
  /// When callers without a request may be closed again because descriptors are short.
  var closesIdleAgainAt: Int64 = 0
  /// When to look again which callers keep connections waiting; 0 while there are enough connections.
  var looksAt: Int64 = 0
  /// When to check which spare buffers were not needed; 0 while there are few.
  var trimsAt: Int64 = 0

  /// The loop that accepts for all loops.
  static let acceptingLoop = 0
  /// Between two complaints about the same thing.
  static let complaintPause: Int64 = 60_000_000_000
  /// Between two checks which spare buffers were not needed.
  static let sparePause: Int64 = 10_000_000_000

  package init(shared: RelayShared, loopNumber: Int) {
    let first = shared.current
    self.shared = shared
    generation = first
    self.loopNumber = loopNumber
    figures = shared.figures[loopNumber]
    limiter = shared.limiter
    isTracing = first.settings.sampler != nil
    bodies = BodyWatch(first.settings)
    planner = RequestPlanner(rules: first.rules)
    requestRewriter = RequestHeadRewriter(rules: first.rules, continuesTraces: isTracing)
    responseRewriter = ResponseHeadRewriter(rules: first.rules)
    tokens = TokenView(of: shared.tokenStore)
    highWater = first.settings.highWater
    pool = UpstreamPool(first)
    destination = UpstreamDestination(first)
  }
}

/// When a continuing problem may be reported to the operator again.
struct Complaints {
  /// Descriptors have run out.
  var ofDescriptorsAt: Int64 = 0
  /// Memory is short.
  var ofMemoryAt: Int64 = 0
  /// A caller's TLS is refused.
  var ofTLSAt: Int64 = 0
  /// An answer held the gateway's credential.
  var ofReflectionAt: Int64 = 0
}

/// What is done with bodies on their way.
struct BodyWatch: ~Copyable {
  /// Bodies of some operations are recorded.
  let areCaptured: Bool
  /// The gateway's own credential is masked in answers.
  let areScreened: Bool
  /// What a mask has let through.
  var screened = ByteBuffer()

  init(_ settings: RelaySettings) {
    areCaptured = !settings.captures.isEmpty
    areScreened = settings.masksReflected
  }
}

extension Relay {
  var isCapturing: Bool {
    @inline(__always) get { bodies.areCaptured }
  }

  var masksReflected: Bool {
    @inline(__always) get { bodies.areScreened }
  }

  /// Overwrites this loop's copies of tokens. The loop has ended.
  package mutating func end() { tokens.wipe() }
}

extension Relay: EventHandler {
  package mutating func accepted(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop
  ) {
    // While this loop drains, other loops may have ended already.
    let target =
      draining.hasBegun
      ? shared.connectionCounts.take(loopNumber) : shared.connectionCounts.takeLowest()
    if target == loopNumber {
      take(descriptor, from: peer, listener: listener, on: &loop)
      settle(on: &loop)
    } else {
      shared.mailboxes[target].post(
        .connection(descriptor: descriptor.release(), peer: peer, listener: listener))
    }
  }

  package mutating func connected(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    if tag.kind == SocketKind.caller {
      callerSecured(tag.record, on: &loop)
    } else {
      upstreamConnected(tag.record, on: &loop)
    }
    settle(on: &loop)
  }

  package mutating func received(
    _ bytes: RawSpan, from socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller {
      callerSent(bytes, tag.record, on: &loop)
    } else {
      upstreamSent(bytes, tag.record, on: &loop)
    }
    settle(on: &loop)
  }

  package mutating func ended(
    _ socket: SocketID, cleanly: Bool, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller {
      callerEnded(tag.record, on: &loop)
    } else {
      upstreamEnded(tag.record, cleanly: cleanly, on: &loop)
    }
    settle(on: &loop)
  }

  package mutating func endAnnounced(
    _ socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller { callerEndAnnounced(tag.record, on: &loop) }
  }

  package mutating func drained(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    if tag.kind == SocketKind.caller {
      callerDrained(tag.record, on: &loop)
    } else {
      upstreamDrained(tag.record, on: &loop)
    }
    settle(on: &loop)
  }

  package mutating func failed(
    _ socket: SocketID, _ failure: SocketFailure, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller {
      if isShakingHands(tag.record) { noteFailedHandshake(tag.record, failure, on: &loop) }
      callerGone(tag.record, on: &loop)
    } else {
      upstreamFailed(tag.record, failure, on: &loop)
    }
    settle(on: &loop)
  }

  package mutating func spokePlainly(
    _ socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    refusePlainText(tag.record, on: &loop)
    settle(on: &loop)
  }

  package mutating func deadlinePassed(
    _ socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller {
      callerTooSlow(tag.record, on: &loop)
    } else {
      upstreamTooSlow(tag.record, on: &loop)
    }
    settle(on: &loop)
  }

  package mutating func aboutToWait(on loop: inout EventLoop) {
    publishFigures()
    if generation.settings.memory.isBounded {
      watchMemory(on: &loop)
      settle(on: &loop)
    }
    if spares.areMany, trimsAt == 0 {
      trimsAt = loop.now + Relay.sparePause
      loop.setAlarm(at: trimsAt)
    }
    guard !limiter.isIdle else { return }
    loop.setAlarm(at: limiter.alarm(of: loopNumber))
  }

  package mutating func alarm(on loop: inout EventLoop) {
    serveQueuedCalls(on: &loop)
    if lines.flushAt != 0, loop.now >= lines.flushAt { flushLines() }
    if lines.flushAt != 0 { loop.setAlarm(at: lines.flushAt) }
    trimSpares(on: &loop)
    lookAtSlowCallers(on: &loop)
    settle(on: &loop)
    if draining.hasBegun { continueDraining(on: &loop) }
    if !retirement.isEmpty { lookAtRetired(on: &loop) }
  }

  package mutating func acceptingPutOff(on loop: inout EventLoop) {
    shared.acceptsPutOff.wrappingAdd(1, ordering: .relaxed)
    if loop.now >= closesIdleAgainAt {
      closeIdleCallers(on: &loop)
      settle(on: &loop)
      for (number, mailbox) in shared.mailboxes.enumerated() where number != loopNumber {
        mailbox.post(.makeRoom)
      }
    }
    guard loop.now >= complaints.ofDescriptorsAt else { return }
    complaints.ofDescriptorsAt = loop.now + Relay.complaintPause
    shared.tell(
      "no file descriptors are left, so new callers wait until others leave: "
        + "raise the limit of open files (ulimit -n, LimitNOFILE=)")
  }

  package mutating func woken(on loop: inout EventLoop) {
    guard takeMessages(on: &loop) else { return }
    serveQueuedCalls(on: &loop)
    destination.addresses.refresh(from: generation.resolver)
    refreshScopes()
    refreshModes()
    tokens.refreshIfChanged(from: shared.tokenStore)
    serveAwaitingToken(on: &loop)
    serveWaitingForJobs(on: &loop)
    if destination.addresses.areKnown { serveWaiting(on: &loop) }
    settle(on: &loop)
  }
}

// MARK: Buffers

extension Relay {
  /// Frees buffers that were not needed since the last check, if it is time for one.
  private mutating func trimSpares(on loop: inout EventLoop) {
    guard trimsAt != 0 else { return }
    if loop.now >= trimsAt {
      trimsAt = 0
      spares.trim()
    } else {
      loop.setAlarm(at: trimsAt)
    }
  }
}
