package import AccessTokens
package import EventLoop
internal import Forwarding
package import RateLimiting
package import Synchronization
package import System
package import Telemetry
package import TrafficLog

/// What other threads tell a relay.
package enum RelayMessage: Sendable {
  /// A connection accepted by another loop.
  case connection(descriptor: Int32, peer: PeerIdentity, listener: Int)
  /// A connection that another process had, with bytes that its caller sent and that were not served yet.
  case moved(descriptor: Int32, peer: PeerIdentity, listener: Int, input: [UInt8])
  /// Begin nothing new, and report that (``HoldBoard``): another process is about to take over.
  case hold(round: UInt64)
  /// Serve: the other process does not take over, or this one is the other process.
  case resume
  /// The other process has taken over: callers go to it once they have their answers.
  case leave(any CallerTaker)
  /// Decide by this configuration from the next request on. Exchanges under way keep what was decided for them.
  case generation(Generation)
  /// Descriptors are running out: close some callers without a request.
  case makeRoom
  /// Finish what is under way, accept nothing more, then end.
  case drain
  /// End at once.
  case stop
}

/// What all relays of a gateway share.
package final class RelayShared: Sendable {
  /// The generation in force, and older ones until their calls are over.
  package let generations: Generations
  package let tokenStore: TokenStore
  package let tokenService: any TokenDemand
  /// Gets the lines of the log as well; nil without one.
  package let journal: (any LineSink)?
  /// Gets the lines of exchanges whose spans are exported; nil when none are.
  let spans: (any LineSink)?
  /// Gets the lines of the log, to export them; nil when they are not.
  package let logRecords: (any LineSink)?
  package let limiter: SharedLimiter
  /// The clock of the loops and of observers.
  package let clock: TimeSource
  /// Which scopes proved to be needed.
  package let scopes = SharedScopeMemory()
  /// The jobs that callers have waited for.
  package let jobs = SharedJobs()
  /// What refusals of tokens have shown, by operation.
  package let refusals = SharedTokenRefusals()
  /// Takes a line for the operator now and then.
  package let tell: @Sendable (String) -> Void
  /// One mailbox per loop, by its number.
  package let mailboxes: [LoopMailbox<RelayMessage>]
  /// Callers' connections of each loop, for handing new ones to the least busy.
  let connectionCounts: LoopCounters
  /// Malformed requests, counted by fault.
  package let faults = FaultCounters()
  /// TLS handshakes that failed.
  package let tlsFailures = TLSFailures()
  /// How often accepting was postponed because descriptors were short.
  package let acceptsPutOff = Atomic<UInt64>(0)
  /// The accepting loop will hand over no more callers.
  let acceptingHasEnded = Atomic<Bool>(false)
  private let loopFigures: Mutex<[LoopFigures]>
  /// Loops that have ended after draining.
  package let loopsEnded = Atomic<Int>(0)
  /// Which loops are held.
  package let holds: HoldBoard
  /// What callers may do at the moment.
  package let modes = SharedModes()

  package init(
    _ first: Generation, tokenStore: TokenStore, tokenService: any TokenDemand,
    mailboxes: [LoopMailbox<RelayMessage>], limiter: SharedLimiter,
    journal: (any LineSink)? = nil, spans: (any LineSink)? = nil,
    logRecords: (any LineSink)? = nil, clock: TimeSource = .system,
    tell: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    generations = Generations(first, loopCount: mailboxes.count)
    self.journal = journal
    self.spans = spans
    self.logRecords = logRecords
    self.tell = tell
    self.limiter = limiter
    self.clock = clock
    self.tokenStore = tokenStore
    self.tokenService = tokenService
    self.mailboxes = mailboxes
    holds = HoldBoard(loopCount: mailboxes.count)
    connectionCounts = LoopCounters(count: mailboxes.count)
    loopFigures = Mutex(mailboxes.map { _ in LoopFigures(labels: first.labels) })
  }

  /// Makes every loop decide by `next` from its next request on. Limiter and tokens already know what they need of it.
  package func use(_ next: Generation) {
    modes.renumber(from: current.rules, to: next.rules)
    generations.put(next)
    for mailbox in mailboxes { mailbox.post(.generation(next)) }
  }

  /// The configuration by which new requests are decided, for observers.
  package var current: Generation { generations.current }

  /// What each loop counts.
  package var figures: [LoopFigures] { loopFigures.withLock { $0 } }

  /// Makes `loop` count in `figures` from now on.
  func put(_ figures: LoopFigures, of loop: Int) { loopFigures.withLock { $0[loop] = figures } }
}

/// One counter per loop.
final class LoopCounters: Sendable {
  private let counts: Mutex<[Int]>

  init(count: Int) { counts = Mutex(Array(repeating: 0, count: count)) }

  /// Picks the loop with the lowest count, and increments it.
  func takeLowest() -> Int {
    counts.withLock { counts in
      var lowest = 0
      for i in counts.indices where counts[i] < counts[lowest] { lowest = i }
      counts[lowest] += 1
      return lowest
    }
  }

  /// Picks `loop`, and increments its count.
  func take(_ loop: Int) -> Int {
    counts.withLock { $0[loop] += 1 }
    return loop
  }

  func decrement(_ loop: Int) { counts.withLock { $0[loop] -= 1 } }
}
