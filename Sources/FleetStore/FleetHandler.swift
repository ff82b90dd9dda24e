internal import EventLoop
internal import Fleet
internal import Memory
internal import RateLimiting
internal import System

/// What runs on the thread: two connections to the store, leases, pauses, modes and tokens.
///
/// One connection sends commands; on the other the store sends what gateways publish.
struct FleetHandler: EventHandler {
  struct Parts: Sendable {
    let settings: FleetSettings
    let limiter: SharedLimiter
    let mailbox: LoopMailbox<FleetService.Message>
    let board: FleetBoard
    let resolver: NameResolver
    /// Modes that are already known.
    let modes: ModeList
    let tls: TLSClient?
    let report: @Sendable (FleetReport) -> Void
    let events: FleetEvents
    /// Called when the modes are known, or the store was found to be unreachable.
    let settled: @Sendable () -> Void

    func modesChanged(_ list: [SharedMode]) { events.modesChanged(list) }

    func tokenAnswer(_ ticket: UInt64, _ answer: SharedTokenAnswer) {
      events.tokenAnswer(ticket, answer)
    }
  }

  /// The scripts that the store runs.
  enum Script: CaseIterable {
    case lease, pauses, modes, tokens

    var text: String {
      switch self {
      case .lease: LeaseScript.text
      case .pauses: PauseScript.text
      case .modes: ModeScript.text
      case .tokens: TokenScript.text
      }
    }
  }

  /// Between two checks of how limits are used, in nanoseconds.
  static let lookPause: Int64 = 100_000_000
  /// How long to wait for an answer, and for a connection to be established.
  static let answerTimeout: Int64 = 1_000_000_000
  /// Between two queries for all pauses, which also show that the connection is alive.
  static let pausePause: Int64 = 1_000_000_000
  /// Between two pings on the subscribed connection.
  static let pingPause: Int64 = 5_000_000_000
  /// How long limits wait for a first share before the store counts as lost.
  static let grace: Int64 = 500_000_000
  /// The most quotas that are shared; further ones are divided by `replicas`.
  static let mostShares = 512
  /// The most quotas that are checked.
  static let mostQuotas = 1 << 16

  let parts: Parts
  var settings: FleetSettings
  /// This process's id at the store.
  let id: String
  var links = [Link(.commands), Link(.subscription)]
  var members: [String: Member] = [:]
  /// Quotas beyond ``mostShares``.
  var divided: Set<ShareKey> = []
  var times = LeaseTimes()
  var startedAt: Int64
  var status = FleetStatus()
  var addressTurn = 0
  /// The address of the last redirection, which is another node of the store's cluster. It is tried in turn with the
  /// addresses of the store's name.
  var movedTo: SocketAddress?
  /// Number of redirections since the store was last of use.
  var moves = 0
  /// Hashes of the scripts that the store has loaded.
  var scripts: [Script: String] = [:]
  /// Pauses that the store knows: their names, and when they end here.
  var knownPauses: [String: Int64] = [:]
  var pausesAskedAt = Int64.min
  var modes = KnownModes()
  /// Lookups of tokens.
  var looks: [TokenLook] = []
  var hasToldForeignToken = false
  var isStopping = false
  var stopsAt = Int64.max
  var nextLook: Int64 = .min
  /// Whether the last report said that the store is available; nil before any.
  var toldLive: Bool?
  var hasToldForeignPauses = false
  var random = SystemRandomNumberGenerator()

  /// One quota of a shared limit.
  struct Member {
    var key: ShareKey
    var holder: LeaseHolder
    var limitName: String
    var standing = FleetStatus.Share.Standing.starting
    var refusal: String?
    var seenAt: Int64
  }

  init(_ parts: Parts, at now: Int64) {
    self.parts = parts
    settings = parts.settings
    var number = SystemRandomNumberGenerator()
    id = String(number.next() as UInt64, radix: 16)
    startedAt = now
    status.server = settings.place.text
    status.since = now
    modes.take(parts.modes, at: now)
  }

  // MARK: Events

  mutating func aboutToWait(on loop: inout EventLoop) {
    loop.setAlarm(at: isStopping ? min(stopsAt, nextLook) : nextLook)
  }

  mutating func alarm(on loop: inout EventLoop) { look(on: &loop) }

  mutating func woken(on loop: inout EventLoop) {
    for message in parts.mailbox.takeAll() {
      switch message {
      case .news: break
      case .adopt(let next): adopt(next, at: loop.now)
      case .resume(let app): publishResume(app, on: &loop)
      case .mode(let order): carryOut(order, on: &loop)
      case .knows(let modes): learn(modes, at: loop.now)
      case .token(let question): carryOut(question, on: &loop)
      case .stop:
        if !isStopping {
          isStopping = true
          stopsAt = loop.now + FleetHandler.answerTimeout / 2
          leave(on: &loop)
        }
      }
    }
    look(on: &loop)
  }

  /// Does everything that is due.
  mutating func look(on loop: inout EventLoop) {
    let now = loop.now
    if isStopping {
      if now >= stopsAt || links[0].socket == nil || links[0].pending.isEmpty { loop.stop() }
      nextLook = stopsAt
      return
    }
    nextLook = now + FleetHandler.lookPause
    superviseLinks(on: &loop)
    tellIfMissed(at: now)
    lookAtShares(on: &loop)
    lookAtPauses(on: &loop)
    lookAtModes(on: &loop)
    lookAtTokens(on: &loop)
    publish(at: now)
  }

  mutating func publish(at now: Int64) {
    status.shares = [:]
    for member in members.values {
      status.shares[member.key] = FleetStatus.Share(
        standing: member.standing, members: member.holder.members,
        fraction: member.holder.heldPart, burst: member.holder.held.burst,
        places: member.holder.held.places, renewal: member.holder.nextQuestion(at: now),
        refusal: member.refusal)
    }
    status.modes = modes.told(at: now)
    parts.board.publish(status)
  }

  mutating func accepted(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop
  ) {}

  mutating func connected(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    greet(Int(tag.kind), on: &loop)
  }

  mutating func received(
    _ bytes: RawSpan, from socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    let link = Int(tag.kind)
    var position = 0
    do throws(RESPDefect) {
      while links[link].socket == socket,
        let value = try links[link].reader.next(bytes, from: &position)
      {
        take(value, link, on: &loop)
      }
    } catch { lose(link, "it does not speak the protocol: \(error)", on: &loop) }
    if isStopping { look(on: &loop) }
  }

  mutating func ended(
    _ socket: SocketID, cleanly: Bool, tag: SocketTag, on loop: inout EventLoop
  ) {
    lose(Int(tag.kind), "it closed the connection", on: &loop)
  }

  mutating func drained(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {}

  mutating func failed(
    _ socket: SocketID, _ failure: SocketFailure, tag: SocketTag, on loop: inout EventLoop
  ) {
    links[Int(tag.kind)].socket = nil
    lose(Int(tag.kind), failure.text, on: &loop)
  }

  mutating func deadlinePassed(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    lose(Int(tag.kind), "it does not answer", on: &loop)
  }
}

extension SocketFailure {
  /// The text for the operator.
  var text: String {
    switch self {
    case .connect(let error), .untaken(let error), .broken(let error): "\(error)"
    case .tunnel(let text): text
    case .certificate(let text): "its certificate is not accepted: \(text)"
    case .tls(let text), .tlsAlert(let text): "TLS: \(text)"
    }
  }
}
