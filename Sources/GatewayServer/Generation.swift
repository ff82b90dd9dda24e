internal import AccessTokens
package import EventLoop
package import Forwarding
internal import Memory
package import RateLimiting
internal import Synchronization
package import System
package import Telemetry
package import TrafficLog

/// One compiled configuration: everything that a reload replaces. It is immutable.
///
/// A loop decides each request by the generation that it has when the request begins. It takes another generation
/// between two events, by replacing one pointer. Apps, callers, listeners, limits and token slots keep their numbers in
/// all generations (``Roster`` in the module Rules), so a number that a call under way uses means the same in the next
/// one. Everything else the call finds in its own generation, which its loop keeps until the call is over
/// (``Retirement``).
package final class Generation: Sendable {
  /// Counts the configurations of a process, from 1.
  package let number: UInt32
  package let rules: ForwardingRules
  package let settings: RelaySettings
  package let identities: CallerIdentities
  package let resolver: NameResolver
  /// Changes with the next generation if connections lead to another place there, or are made in another way.
  package let upstream: UInt32
  package let log: LogWriter?
  /// By number, the listening sockets; nil for a listener that was removed.
  package let listeners: [SharedListener?]
  /// By number, the TLS settings of a listener; nil for one without TLS.
  package let acceptors: [TLSAcceptor?]
  /// Per token slot, its scopes for the log.
  package let scopeTexts: [String]
  /// Per limit, its name; empty for none.
  package let limitNames: [String]
  /// The labels of its metrics.
  package let labels: FigureLabels
  /// Numbers of callers and apps that mean something else than in the previous generation.
  let arrived: (callers: Set<Int>, apps: Set<Int>)
  let limitFields: RateLimitFields
  /// The texts of plans in the log.
  let planTexts: PlanTexts
  /// The part of each line between the request id and the caller's address: this gateway's name.
  let addressOpening: ByteBuffer

  /// What a generation is made from.
  package struct Parts {
    package var number: UInt32 = 1
    package var rules: ForwardingRules
    package var settings: RelaySettings
    package var identities: CallerIdentities
    package var resolver: NameResolver
    package var upstream: UInt32 = 1
    package var log: LogWriter?
    package var listeners: [SharedListener?] = []
    package var acceptors: [TLSAcceptor?] = []
    package var scopeTexts: [String]
    package var limits: LimiterSettings
    package var arrivedCallers: Set<Int> = []
    package var arrivedApps: Set<Int> = []

    package init(
      rules: ForwardingRules, settings: RelaySettings, identities: CallerIdentities,
      resolver: NameResolver, scopeTexts: [String], limits: LimiterSettings
    ) {
      self.rules = rules
      self.settings = settings
      self.identities = identities
      self.resolver = resolver
      self.scopeTexts = scopeTexts
      self.limits = limits
    }
  }

  package init(_ parts: Parts) {
    number = parts.number
    rules = parts.rules
    settings = parts.settings
    identities = parts.identities
    resolver = parts.resolver
    upstream = parts.upstream
    log = parts.log
    listeners = parts.listeners
    acceptors = parts.acceptors
    scopeTexts = parts.scopeTexts
    limitNames = parts.limits.rules.map { $0.isInForce ? $0.name : "" }
    labels = FigureLabels(parts.rules)
    arrived = (parts.arrivedCallers, parts.arrivedApps)
    limitFields = RateLimitFields(parts.limits)
    planTexts = PlanTexts(rules: parts.rules, scopeTexts: parts.scopeTexts)
    var opening = ByteBuffer()
    TrafficLine.openAddress(of: parts.settings.gatewayName, into: &opening)
    addressOpening = opening
  }

  /// The scopes of a token credential, for the log.
  package func scopeText(of credential: CredentialChoice) -> String? {
    guard case .token(let slot) = credential else { return nil }
    return scopeTexts[slot.index]
  }

  /// The name of a limit. The limiter takes a new configuration a moment before the loops do: a limit that is new there
  /// has no name here yet.
  package func limitName(_ limit: Int) -> String {
    limit < limitNames.count ? limitNames[limit] : ""
  }

  /// Whether the app with this number is in the configuration.
  package func isAppInForce(_ app: Int) -> Bool {
    app < rules.apps.count && rules.apps[app].isInForce
  }

  /// Whether the listener with this number still accepts callers.
  func listens(_ listener: Int) -> Bool {
    listener < listeners.count && listeners[listener] != nil
  }

  /// The TLS settings of the listener with this number; nil without TLS.
  package func acceptor(of listener: Int) -> TLSAcceptor? {
    listener < acceptors.count ? acceptors[listener] : nil
  }

  /// Whether the listener with this number still accepts callers, without TLS.
  func listensPlainly(_ listener: Int) -> Bool {
    listens(listener) && acceptor(of: listener) == nil
  }

  /// The address of the listener with this number, for the operator.
  func listenerName(_ listener: Int) -> String {
    let address = listener < listeners.count ? listeners[listener]?.address : nil
    return address.map { "\($0)" } ?? "an address that is no longer listened on"
  }
}

/// A listening socket, shared by the loop that accepts and the thread that changes the configuration.
package final class SharedListener: Sendable {
  package let address: SocketAddress
  /// The file of a Unix socket; nil for TCP.
  package let file: UnixSocketFile?
  /// The supervisor that opened the socket goes on listening with it.
  package let isShared: Bool
  private let socket: Mutex<ListeningSocket?>

  package init(_ socket: consuming ListeningSocket) {
    address = socket.address
    isShared = socket.isShared
    file = socket.file
    self.socket = Mutex(socket)
  }

  /// Makes `loop` accept what comes in, as the listener `number`. Does nothing once the socket was closed.
  package func listen(on loop: inout EventLoop, as number: Int) throws(SystemError) {
    var problem: SystemError?
    var taken = socket.withLock { socket in socket.take() }
    if let open = taken.take() {
      do throws(SystemError) { try loop.listen(on: open, as: number) } catch { problem = error }
      var back: ListeningSocket? = consume open
      socket.withLock { $0 = back.take() }
    }
    if let problem { throw problem }
  }

  /// Marks the file of a Unix socket: this process ends, and a successor may take the name.
  package func markLeaving() { file?.markLeaving() }

  /// Leaves the socket's file to another process.
  package func disown() { socket.withLock { $0?.disown() } }

  /// The socket, to be handed to another process; nil once it was closed.
  package var number: Int32? { socket.withLock { $0?.number } }

  /// Closes the socket and removes its file. The loop does not look at it any more.
  package func close() {
    let closed = socket.withLock { socket in socket.take() }
    _ = consume closed
  }
}
