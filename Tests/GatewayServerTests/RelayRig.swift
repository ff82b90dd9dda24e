import AccessTokens
import EventLoop
import Forwarding
import Foundation
import GatewayServer
import HTTPMessages
import Memory
import RateLimiting
import SCORMCloudAPI
import Synchronization
import System
import TrafficLog

/// A relay and its loop on the test's own thread, with a clock that only the test advances. The test has the callers'
/// and the upstream's ends of all connections.
///
/// Nothing here waits: ``settle()`` lets the loop do its work, and ``pass(_:)`` lets time pass.
final class RelayRig {
  static let millisecond: Int64 = 1_000_000
  static let second: Int64 = 1_000_000_000
  /// How much later than its time a connection's deadline may be served: a tick of the timer wheel.
  static let tick: Int64 = 1 << 24

  let clock = TurnedClock()
  let desk = TokenDesk()
  let shared: RelayShared
  private let mailbox: LoopMailbox<RelayMessage>
  private let folder: String
  private let upstreams: RawListener
  private let listener: SharedListener
  /// The parts of the first configuration, for the next ones.
  private(set) var first: Generation.Parts
  private let record = LineRecord()
  private var loop: EventLoop
  private var relay: Relay
  /// Every caller, so that none is closed before the test does it.
  private var callers: [RawPeer] = []
  private(set) var hasStopped = false

  /// - Parameters:
  ///   - limits: the limits, as from a configuration.
  ///   - hasToken: whether there is a token from the beginning: `first-token`, valid for an hour.
  ///   - change: changes times and limits.
  init(
    limits rules: [LimitRule] = [], hasToken: Bool = true,
    _ change: (inout RelaySettings) -> Void = { _ in }
  ) throws {
    folder = NSTemporaryDirectory() + "relay-\(UUID().uuidString.prefix(13))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    upstreams = try RawListener(at: folder + "/upstream")
    guard let address = SocketAddress(unixPath: folder + "/upstream") else {
      throw RigError("\(folder) is too long a name")
    }
    if hasToken {
      desk.publish("first-token", generation: 1, until: clock.monotonic + 3600 * Self.second)
    }
    var settings = RelaySettings()
    change(&settings)
    mailbox = try LoopMailbox()
    let limits = LimiterSettings(rules: rules, appCount: 1, callerCount: 1)
    let time = TimeSource(clock)
    listener = SharedListener(
      try ListeningSocket(unixPath: folder + "/gateway", mode: 0o600))
    first = Generation.Parts(
      rules: RelayRig.rules, settings: settings,
      identities: CallerIdentities(byListener: [0], rules: [], otherwise: nil),
      resolver: try NameResolver(addresses: [address]), scopeTexts: ["read:everything"],
      limits: limits)
    first.listeners = [listener]
    shared = RelayShared(
      Generation(first), tokenStore: desk.store, tokenService: desk, mailboxes: [mailbox],
      limiter: try SharedLimiter(limits, wake: { [mailbox] _ in mailbox.waker.wake() }),
      journal: record, clock: time)
    loop = try EventLoop(waker: mailbox.waker, clock: time)
    relay = Relay(shared: shared, loopNumber: 0)
    try relay.begin(on: &loop)
    // The threads besides a loop wake it once they run.
    mailbox.waker.wake()
    settle()
  }

  deinit {
    // As at the end of a gateway: exchanges in progress release what they hold.
    mailbox.post(.stop)
    settle()
    relay.end()
    try? FileManager.default.removeItem(atPath: folder)
  }

  // MARK: Time

  /// Serves until there is nothing left to do at this time.
  func settle() {
    var quiet = 0
    while quiet < 2, !hasStopped {
      quiet = loop.turn(&relay) ? 0 : quiet + 1
      hasStopped = loop.hasStopped
    }
  }

  /// Lets time pass, and then everything that is due happen.
  func pass(_ nanoseconds: Int64) {
    clock.turn(by: nanoseconds)
    settle()
  }

  // MARK: Peers

  /// A new caller.
  func caller() throws -> RawPeer {
    let peer = try RawPeer(connectedTo: folder + "/gateway")
    callers.append(peer)
    settle()
    return peer
  }

  /// Whether callers can still connect.
  var accepts: Bool { (try? RawPeer(connectedTo: folder + "/gateway")) != nil }

  /// A new caller that has sent `request`.
  func caller(_ request: String) throws -> RawPeer {
    let peer = try caller()
    try say(request, from: peer)
    return peer
  }

  /// Sends `text` and lets the loop serve it.
  func say(_ text: String, from peer: RawPeer) throws {
    try peer.send(text)
    settle()
  }

  /// The next connection that the relay has made to the upstream.
  func upstream() throws -> RawPeer {
    settle()
    guard let peer = upstreams.accept() else { throw RigError("there is no upstream connection") }
    settle()
    return peer
  }

  /// The upstream connection that the relay has made since the last one was taken; nil if there is none.
  var nextUpstream: RawPeer? { upstreams.accept() }

  /// Whether the relay has made one. If so, takes it.
  var hasNewUpstream: Bool { nextUpstream != nil }

  // MARK: Operator

  /// Publishes another token and lets the relay notice it.
  func publish(_ text: String, generation: UInt32, for seconds: Int64 = 3600) {
    desk.publish(text, generation: generation, until: clock.monotonic + seconds * Self.second)
    mailbox.waker.wake()
    settle()
  }

  /// Makes the relay look at what other threads have published.
  func wake() {
    mailbox.waker.wake()
    settle()
  }

  /// Takes another configuration, made from the parts of the previous one.
  func change(_ change: (inout Generation.Parts) throws -> Void) throws {
    first.number += 1
    try change(&first)
    shared.use(Generation(first))
    settle()
  }

  /// Moves the upstream to another place.
  func moveUpstream(to name: String) throws -> RawListener {
    let path = folder + "/" + name
    let listener = try RawListener(at: path)
    guard let address = SocketAddress(unixPath: path) else { throw RigError("too long a name") }
    try change { parts in
      parts.resolver = try NameResolver(addresses: [address])
      parts.settings.upstreamName = "\(name).example:443"
      parts.upstream += 1
    }
    return listener
  }

  func drain() {
    mailbox.post(.drain)
    settle()
  }

  /// Sends the relay a message and lets it react.
  func tell(_ message: RelayMessage) {
    mailbox.post(message)
    settle()
  }

  /// The number of calls that wait for limits.
  var waiting: Int { shared.limiter.waiting }

  /// The traffic log written so far.
  var linesSoFar: String { record.text }

  /// The lines of exchanges that have ended. Lines wait shortly for others, so this lets 200 ms pass.
  func lines() throws -> [[String: Any]] {
    if !hasStopped { pass(200 * Self.millisecond) }
    return try record.text.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      guard let members = object as? [String: Any] else { throw RigError("no object: \(line)") }
      return members
    }
  }

  /// One app with one token for everything.
  private static let rules = ForwardingRules(
    listeners: [ForwardingRules.Listener(hosts: .any)],
    apps: [
      ForwardingRules.App(
        name: "main", isManagement: false,
        credentials: OperationTable.all.map { _ in .token(TokenSlot(index: 0)) },
        unknownCredential: nil)
    ],
    defaultApp: 0, managementApp: nil,
    callers: [
      ForwardingRules.Caller(
        name: "everyone", apps: [0], defaultApp: nil, operations: .all,
        mayUseUnknownOperations: false, mode: .normal)
    ],
    forwardsUnknownOperations: false, passedSensitive: OperationSet(),
    upstreamAuthority: "cloud.example", upstreamOrigin: "https://cloud.example",
    upstreamBasePath: "/api/v2")
}

/// Keeps the lines of the traffic log.
private final class LineRecord: LineSink {
  private let content = Mutex("")
  var text: String { content.withLock { $0 } }
  func write(_ lines: borrowing ByteBuffer) {
    let text = lines.bytes.text
    content.withLock { $0 += text }
  }
}

extension RelayRig {
  /// A request without a body.
  static func get(_ target: String = "/api/v2/courses", _ fields: String = "") -> String {
    "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n"
  }

  /// An answer with a body.
  static func answer(_ body: String = "{}", status: Int = 200, _ fields: String = "") -> String {
    "HTTP/1.1 \(status) Reason\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }
}

extension [String: Any] {
  func string(_ name: String) -> String { self[name] as? String ?? "" }
  func int(_ name: String) -> Int { self[name] as? Int ?? -1 }
  /// A time of a line in seconds, as nanoseconds rounded to microseconds.
  func time(_ name: String) -> Int64 {
    Int64(((self[name] as? Double ?? -1) * 1_000_000).rounded()) * 1000
  }
}
