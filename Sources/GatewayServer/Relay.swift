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
/// It runs the actions that the pure half decides on (``RequestPlanner``, ``ExchangeStateMachine``,
/// ``RetryRule``). Its parts:
/// - `Relay+Caller.swift`: a caller's bytes become requests and request bodies.
/// - `Relay+CallerEnd.swift`: callers that send no more, are gone, or are too slow.
/// - `Relay+Idle.swift`: who makes way when descriptors run out.
/// - `Relay+Scope.swift`: a scope that proves to be too little is replaced.
/// - `Relay+Connection.swift`: tokens and upstream connections are found or waited for.
/// - `Relay+SlowCallers.swift`: who keeps a connection waiting that others wait for.
/// - `Relay+Upstream.swift`: an upstream's bytes become answers.
/// - `Relay+Answer.swift`: what the gateway answers by itself.
/// - `Relay+Finish.swift`: the one place where an exchange ends and its line is written.
/// - `Relay+Memory.swift`: what happens when memory is short.
/// - `Relay+Figures.swift`: what is counted for the metrics.
/// - `Relay+Trace.swift`: distributed traces.
package struct Relay: ~Copyable {
  private let staysInPlace = StaysInPlace()
  let shared: RelayShared
  /// This loop's number.
  let loopNumber: Int
  /// What this loop counts.
  let figures: LoopFigures
  let limiter: SharedLimiter
  /// Spans are exported, of some traces at least.
  let isTracing: Bool
  /// Bodies of some operations are recorded.
  let isCapturing: Bool
  var planner: RequestPlanner
  var requestRewriter: RequestHeadRewriter
  var responseRewriter: ResponseHeadRewriter
  var identities: CallerIdentities
  var requestParser = RequestHeadParser()
  var responseParser = ResponseHeadParser()
  var tokens: TokenView
  /// Which of the shared scope memory's states the planner has.
  var scopesVersion: UInt64 = 0
  var requestIDs = RequestIDs()
  var traceIDs = TraceIDs()
  var dates = DateTexts()
  var callers = Slab<CallerConnection>(capacity: 64)
  var upstreams = Slab<UpstreamConnection>(capacity: 64)
  var exchanges = Slab<Exchange>(capacity: 64)
  var pool: UpstreamPool
  /// Exchanges whose token is not there yet; those that gave up among them.
  var awaitingToken = RecordList<SlabHandle>(capacity: 16)
  /// Searches for operations that come close to unknown ones.
  var searches = SearchBudget()
  /// What is about to be sent, assembled.
  var output = ByteBuffer(capacity: 16 * 1024)
  /// Lines of the traffic log that were not handed over yet.
  var lines = ByteBuffer(capacity: 0)
  var lineCount = 0
  /// Lines of exchanges whose spans are to be exported, not handed over yet.
  var spanLines = ByteBuffer(capacity: 0)
  /// Buffers of finished exchanges, for the next ones: two a piece.
  var spares = SpareBuffers()
  /// The upstream's name in the log.
  var upstreamName = ByteBuffer(capacity: 64)
  var addresses: [SocketAddress] = []
  var resolutionFailure: String?
  var resolutionVersion: UInt64 = 0
  /// Which of the addresses to try next.
  var nextAddress = 0
  var isDraining = false
  /// Whether this loop's mailbox was looked at once more after accepting had ended.
  var hasLastArrivals = false
  /// When it may be told again that descriptors run out.
  var complainsAgainAt: Int64 = 0
  /// When draining must be over.
  var drainDeadline = Int64.max
  /// How memory stood before the last wait for events.
  var memory = MemoryWatch.View()
  /// Bytes that may wait for a slow reader before its source is paused.
  var highWater: Int
  /// When callers that ask nothing may be closed again for want of descriptors.
  var closesIdleAgainAt: Int64 = 0
  /// When to look again which callers keep connections waiting; 0 while there are connections for all.
  var looksAt: Int64 = 0
  /// When it may be told again that memory is short.
  var tellsOfMemoryAt: Int64 = 0
  /// When the lines are to be handed over; 0 when none wait.
  var flushAt: Int64 = 0
  /// When to look which buffers were not needed; 0 while there are few.
  var trimsAt: Int64 = 0

  /// Bytes of log lines that are handed over at once.
  static let lineBatchBytes = 64 * 1024
  /// How long a line may wait for others.
  static let lineDelay: Int64 = 200_000_000
  /// The loop that accepts for all.
  static let acceptingLoop = 0
  /// Between two looks whether draining is over.
  static let drainPause: Int64 = 50_000_000
  /// For the first request of a connection that arrives while draining.
  static let patienceWhileDraining: Int64 = 1_000_000_000
  /// Between two complaints about the same thing.
  static let complaintPause: Int64 = 60_000_000_000
  /// Between two looks at which buffers were not needed.
  static let sparePause: Int64 = 10_000_000_000

  package init(shared: RelayShared, loopNumber: Int) {
    self.shared = shared
    self.loopNumber = loopNumber
    figures = shared.figures[loopNumber]
    limiter = shared.limiter
    isTracing = shared.settings.sampler != nil
    isCapturing = !shared.settings.captures.isEmpty
    planner = RequestPlanner(rules: shared.rules)
    requestRewriter = RequestHeadRewriter(rules: shared.rules, continuesTraces: isTracing)
    responseRewriter = ResponseHeadRewriter(rules: shared.rules)
    identities = shared.identities
    tokens = TokenView(of: shared.tokenStore)
    highWater = shared.settings.highWater
    pool = UpstreamPool(shared)
    upstreamName.put(text: shared.settings.upstreamName)
  }
}

extension Relay {
  /// Overwrites this loop's copies of tokens. The loop has ended.
  package mutating func end() { tokens.wipe() }
}

extension Relay: EventHandler {
  package mutating func accepted(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop
  ) {
    // While draining, other loops may have ended already.
    let target =
      isDraining
      ? shared.connectionCounts.take(loopNumber) : shared.connectionCounts.takeLowest()
    if target == loopNumber {
      take(descriptor, from: peer, listener: listener, on: &loop)
    } else {
      shared.mailboxes[target].post(
        .connection(descriptor: descriptor.release(), peer: peer, listener: listener))
    }
  }

  package mutating func connected(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    upstreamConnected(tag.record, on: &loop)
  }

  package mutating func received(
    _ bytes: RawSpan, from socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller {
      callerSent(bytes, tag.record, on: &loop)
    } else {
      upstreamSent(bytes, tag.record, on: &loop)
    }
  }

  package mutating func ended(
    _ socket: SocketID, cleanly: Bool, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller {
      callerEnded(tag.record, on: &loop)
    } else {
      upstreamEnded(tag.record, cleanly: cleanly, on: &loop)
    }
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
  }

  package mutating func failed(
    _ socket: SocketID, _ failure: SocketFailure, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller {
      callerGone(tag.record, on: &loop)
    } else {
      upstreamFailed(tag.record, failure, on: &loop)
    }
  }

  package mutating func deadlinePassed(
    _ socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    if tag.kind == SocketKind.caller {
      callerTooSlow(tag.record, on: &loop)
    } else {
      upstreamTooSlow(tag.record, on: &loop)
    }
  }

  package mutating func aboutToWait(on loop: inout EventLoop) {
    publishFigures()
    if shared.settings.memory.isBounded { watchMemory(on: &loop) }
    if spares.areMany, trimsAt == 0 {
      trimsAt = loop.now + Relay.sparePause
      loop.setAlarm(at: trimsAt)
    }
    guard !limiter.isIdle else { return }
    loop.setAlarm(at: limiter.alarm(of: loopNumber))
  }

  package mutating func alarm(on loop: inout EventLoop) {
    serveQueuedCalls(on: &loop)
    if flushAt != 0, loop.now >= flushAt { flushLines() }
    if flushAt != 0 { loop.setAlarm(at: flushAt) }
    trimSpares(on: &loop)
    lookAtSlowCallers(on: &loop)
    if isDraining { continueDraining(on: &loop) }
  }

  package mutating func acceptingPutOff(on loop: inout EventLoop) {
    shared.acceptsPutOff.wrappingAdd(1, ordering: .relaxed)
    if loop.now >= closesIdleAgainAt {
      closeIdleCallers(on: &loop)
      for (number, mailbox) in shared.mailboxes.enumerated() where number != loopNumber {
        mailbox.post(.makeRoom)
      }
    }
    guard loop.now >= complainsAgainAt else { return }
    complainsAgainAt = loop.now + Relay.complaintPause
    shared.tell(
      "no descriptors are left for new callers, who wait until others leave: "
        + "raise the limit of open files (ulimit -n, LimitNOFILE=)")
  }

  package mutating func woken(on loop: inout EventLoop) {
    guard takeMessages(on: &loop) else { return }
    serveQueuedCalls(on: &loop)
    refreshAddresses()
    refreshScopes()
    tokens.refreshIfChanged(from: shared.tokenStore)
    serveAwaitingToken(on: &loop)
    if !addresses.isEmpty || resolutionFailure != nil { serveWaiting(on: &loop) }
  }

  /// Does what other threads ask for. False when that is to end at once.
  private mutating func takeMessages(on loop: inout EventLoop) -> Bool {
    for message in shared.mailboxes[loopNumber].takeAll() {
      switch message {
      case .connection(let descriptor, let peer, let listener):
        take(Descriptor(owning: descriptor), from: peer, listener: listener, on: &loop)
      case .rules(let rules): adopt(rules)
      case .makeRoom: closeIdleCallers(on: &loop)
      case .drain: beginDraining(on: &loop)
      case .stop:
        cutAll(on: &loop)
        flushLines()
        loop.stop()
        return false
      }
    }
    return true
  }
}

// MARK: Other rules

extension Relay {
  /// Between two events no request is half decided, so this is the place for other rules.
  private mutating func adopt(_ rules: RelayRules) {
    planner = RequestPlanner(rules: rules.rules)
    requestRewriter = RequestHeadRewriter(rules: rules.rules, continuesTraces: isTracing)
    responseRewriter = ResponseHeadRewriter(rules: rules.rules)
    identities = rules.identities
    // Apps and slots have the same numbers, so what was learnt of scopes holds.
    (scopesVersion, planner.rungs) = shared.scopes.rungs
  }
}

// MARK: Coming and going of callers

extension Relay {
  private mutating func take(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop
  ) {
    let caller = identities.caller(of: peer, listener: listener)
    let handle = callers.insert(CallerConnection(peer: peer, listener: listener, caller: caller))
    guard
      let socket = loop.adopt(descriptor, tag: SocketTag(kind: SocketKind.caller, record: handle))
    else {
      dropCaller(handle)
      return
    }
    callers[handle].socket = socket
    figures.count(.callersAccepted)
    // One that another loop accepted just before draining began may have a request on its way.
    let patience =
      isDraining ? Relay.patienceWhileDraining : shared.settings.keepAliveTimeout
    loop.setDeadline(socket, at: loop.now + patience)
  }

  /// Forgets a caller whose socket is gone or going.
  mutating func dropCaller(_ handle: SlabHandle) {
    _ = callers.remove(handle)
    shared.connectionCounts.decrement(loopNumber)
  }

  private mutating func beginDraining(on loop: inout EventLoop) {
    guard !isDraining else { return }
    isDraining = true
    drainDeadline = loop.now + shared.settings.drainTimeout
    loop.stopListening(&self)
    if loopNumber == Relay.acceptingLoop {
      shared.acceptingHasEnded.store(true, ordering: .releasing)
    }
    loop.setAlarm(at: loop.now + Relay.drainPause)
  }

  /// Lets go of callers that wait for nothing. A request that was on its way when draining began has been read
  /// by now; who has just come and asked nothing yet gets a moment longer.
  private mutating func releaseIdleCallers(on loop: inout EventLoop) {
    for handle in callers.handles
    where !callers[handle].exchange.isSome && callers[handle].input.isEmpty {
      let socket = callers[handle].socket
      guard callers[handle].hasAsked else {
        loop.setDeadline(socket, at: loop.now + Relay.patienceWhileDraining)
        continue
      }
      loop.finish(socket)
      dropCaller(handle)
    }
  }

  /// Whether no caller can arrive from the accepting loop any more.
  private mutating func hasAllCallers(on loop: inout EventLoop) -> Bool {
    guard shared.acceptingHasEnded.load(ordering: .acquiring) else { return false }
    // What was handed over just before that lies in the mailbox.
    if !hasLastArrivals {
      hasLastArrivals = true
      guard takeMessages(on: &loop) else { return false }
      releaseIdleCallers(on: &loop)
    }
    return true
  }

  private mutating func continueDraining(on loop: inout EventLoop) {
    guard hasAllCallers(on: &loop) || loop.now >= drainDeadline else {
      loop.setAlarm(at: loop.now + Relay.drainPause)
      return
    }
    if callers.count == 0 && loop.connectionCount == pool.openCount || loop.now >= drainDeadline {
      cutAll(on: &loop)
      flushLines()
      loop.stop()
    } else {
      loop.setAlarm(at: loop.now + Relay.drainPause)
    }
  }

  private mutating func refreshAddresses() {
    let version = shared.resolver.version.load(ordering: .acquiring)
    guard version != resolutionVersion else { return }
    let resolution = shared.resolver.resolution
    resolutionVersion = version
    addresses = resolution.addresses
    resolutionFailure = resolution.failure
  }
}

// MARK: Buffers

extension Relay {
  /// Gives back buffers that were not needed since the last look, if it is time for one.
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
