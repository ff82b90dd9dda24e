internal import AccessTokens
package import Configuration
internal import EventLoop
internal import Fleet
internal import Forwarding
internal import GatewayServer
internal import Memory
internal import RateLimiting
internal import Rules
internal import Synchronization
internal import System
internal import TokenFetching

/// The new process's side of a hand-over: takes what the old one gives and says when it can serve.
///
/// It serves no caller until the old process tells it to (``Attention/serve``), and ends if that process ends before.
/// So it is always clear which of the two is the gateway. Used only on the main thread.
package final class Predecessor: Sendable {
  /// Why the hand-over failed.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// A token, with the app and scopes that it was granted for.
  private struct Token {
    var app: String
    var scopes: String
    var fingerprints: [[UInt8]]
    var token: HandedToken
  }

  private struct Socket {
    var isAdmin: Bool
    var address: String
    /// The listener's number in the old process.
    var place: Int
    var isShared: Bool
    var file: (device: UInt64, number: UInt64)?
    var descriptor: Int32
  }

  private struct State {
    var key: [UInt8] = []
    var wasReady = true
    var readsState = true
    var sockets: [Socket] = []
    var tokens: [Token] = []
    var secrets: [(name: String, secret: SecretBytes)] = []
    /// Maps a listener's number in the old process to its number here.
    var listeners: [Int: Int] = [:]
    var names: HandOverNames?
    /// What is used of each quota, in the order in which the predecessor sent it; nil for limits that this process does
    /// not have.
    var used: [LimiterSnapshot.Used?] = []
    /// The modes for all gateways.
    var fleetModes = ModeList()
    var hasJournal = false
    var isGone = false
  }

  private let channel: MessageChannel
  private let state = Mutex(State())

  /// What a message of the old process means for this one.
  package enum Attention: Equatable, Sendable {
    case nothing
    /// This process has the state and has confirmed that.
    case settle
    /// This process is the gateway from now on.
    case serve
    /// The old process has ended.
    case gone
  }

  private init(_ channel: MessageChannel) { self.channel = channel }

  /// The process that started this one to take over; nil if this one was started in another way.
  package static func find() throws(Failure) -> Predecessor? {
    guard let text = ProcessStart.variable(HandOver.variable) else { return nil }
    ProcessStart.remove(HandOver.variable)
    guard text == "\(MessageChannel.inheritedNumber):\(ProcessStart.parentID)",
      let channel = MessageChannel.inherited()
    else {
      throw Failure(
        description:
          "\(HandOver.variable) is set, but no process hands over; do not set it by hand"
      )
    }
    return Predecessor(channel)
  }

  /// The descriptor for poll(2); nil once the old process has ended.
  package var number: Int32? { state.withLock { $0.isGone ? nil : channel.number } }

  /// Whether the old process could serve when it started this one. If not, this one need not either.
  package var wasReady: Bool { state.withLock { $0.wasReady } }

  /// Whether the old process still writes the journal.
  package var holdsJournal: Bool { state.withLock { !$0.hasJournal && !$0.isGone } }

  // MARK: Getting ready

  /// Reads sockets, secrets and tokens. Returns warnings for the operator.
  package func read() throws(Failure) -> [String] {
    var warnings: [String] = []
    while true {
      guard ProcessStart.waitToRead(channel.number, milliseconds: Predecessor.patience) else {
        throw Failure(description: "the process that hands over does not answer")
      }
      let message: MessageReader
      switch channel.receive({ MessageReader($0, $1) }) {
      case .message(let next): message = next
      case .nothing: continue
      case .end: throw Failure(description: "the process that was to hand over is gone")
      }
      switch message.message {
      case .hello: if let warning = try readHello(message) { warnings.append(warning) }
      case .secret:
        let (name, secret) = (message.text(), message.secret())
        state.withLock { $0.secrets.append((name, secret)) }
      case .token: readToken(message)
      case .prepare: return warnings
      default: break
      }
    }
  }

  private static let patience: Int32 = 10_000

  private func readHello(_ message: MessageReader) throws(Failure) -> String? {
    guard message.word() == HandOverMessage.magic else {
      throw Failure(description: "the process that hands over uses another protocol")
    }
    let version = message.word()
    let isReady = message.flag()
    let key = message.data()
    var sockets: [Socket] = []
    for descriptor in message.descriptors {
      let isAdmin = message.flag()
      let address = message.text()
      let place = Int(message.word())
      let isShared = message.flag()
      let hasFile = message.flag()
      let numbers = (message.longWord(), message.longWord())
      sockets.append(
        Socket(
          isAdmin: isAdmin, address: address, place: place, isShared: isShared,
          file: hasFile ? numbers : nil,
          descriptor: descriptor))
    }
    guard !message.isBroken else {
      throw Failure(description: "the process that hands over does not say where it listens")
    }
    let reads = version == HandOverMessage.stateVersion
    state.withLock { state in
      state.wasReady = isReady
      state.key = key
      state.sockets = sockets
      state.readsState = reads
    }
    return reads
      ? nil
      : "the process that hands over writes its state in version \(version), but this one reads "
        + "\(HandOverMessage.stateVersion): tokens are fetched again, and limits, pauses and modes start empty"
  }

  private func readToken(_ message: MessageReader) {
    guard state.withLock({ $0.readsState }) else { return }
    let (app, scopes, fingerprint) = (message.text(), message.text(), message.word())
    let (requestedAt, usableUntil) = (message.number(), message.number())
    let fingerprints = (0..<message.byte()).map { _ in message.data() }
    let token = HandedToken(
      secret: message.secret(), fingerprint: fingerprint, requestedAt: requestedAt,
      usableUntil: usableUntil)
    guard !message.isBroken else { return }
    state.withLock {
      $0.tokens.append(Token(app: app, scopes: scopes, fingerprints: fingerprints, token: token))
    }
  }

  /// Puts back the secrets that the old process removed from its environment.
  package func restore(_ environment: Environment) {
    let secrets = state.withLock { state in
      defer { state.secrets = [] }
      return state.secrets
    }
    for (name, secret) in secrets { environment.restore(name, secret) }
  }

  /// The old process's sockets for listeners of `settings` with the same address. Others are closed.
  package func sockets(for settings: Settings) -> InheritedSockets {
    var seats: [SocketSeats.Seat: InheritedSockets.Socket] = [:]
    state.withLock { state in
      state.names = HandOverNames(Roster(settings))
      for socket in state.sockets {
        let seat: SocketSeats.Seat?
        if socket.isAdmin {
          seat = settings.admin.map { "\($0.address)" == socket.address } == true ? .admin : nil
        } else {
          seat = settings.listeners.indices.first {
            "\(settings.listeners[$0].address)" == socket.address && seats[.listener($0)] == nil
          }.map { .listener($0) }
          if case .listener(let index)? = seat { state.listeners[socket.place] = index }
        }
        guard let seat, let place = Predecessor.place(socket) else {
          _ = Descriptor(owning: socket.descriptor)
          continue
        }
        seats[seat] = place
      }
      state.sockets = []
    }
    return InheritedSockets(sockets: seats)
  }

  private static func place(_ socket: Socket) -> InheritedSockets.Socket? {
    guard case .listening(let bound) = InheritedDescriptor.kind(of: socket.descriptor) else {
      return nil
    }
    var address = bound
    var file: UnixSocketFile?
    // A Unix socket may have been bound under another name and then renamed.
    if case .unix(let path)? = ListenAddress(socket.address),
      let named = SocketAddress(unixPath: path)
    {
      address = named
      file = socket.file.map { UnixSocketFile(path: path, device: $0.device, number: $0.number) }
    }
    return InheritedSockets.Socket(
      number: socket.descriptor, address: address, isShared: socket.isShared, file: file)
  }

  /// Gives `service` the old process's tokens of apps that have the same id and secret here.
  func handTokens(to service: TokenService, _ settings: Settings) {
    let (tokens, key) = state.withLock { state in
      defer { state.tokens = [] }
      return (state.tokens, state.key)
    }
    var apps: [String: (index: Int, fingerprints: [[UInt8]])] = [:]
    for (index, app) in settings.apps.enumerated() {
      let fingerprints = [app.secret, app.nextSecret].compactMap { secret in
        secret.flatMap { SecretFingerprint.of($0, key: key) }
      }
      apps["\(app.kind.rawValue) \(app.id)"] = (index, fingerprints)
    }
    service.adopt(
      tokens.compactMap { token in
        guard let app = apps[token.app],
          app.fingerprints.contains(where: { token.fingerprints.contains($0) })
        else { return nil }
        return (TokenSlotTable.Key(app: app.index, scopes: token.scopes), token.token)
      })
  }

  /// Tells the old process that this one can serve.
  package func ready() { _ = MessageWriter(.ready, room: 16).send(channel) }

  // MARK: Taking over

  /// Reads messages of the old process, up to the next one that concerns the process as a whole.
  package func attend(_ gateway: GatewayProcess, passing handOver: HandOver? = nil) -> Attention {
    while !state.withLock({ $0.isGone }) {
      let message: MessageReader
      switch channel.receive({ MessageReader($0, $1) }) {
      case .message(let next): message = next
      case .nothing: return .nothing
      case .end:
        end(gateway)
        return .gone
      }
      switch message.message {
      case .used: readUsed(message)
      case .mode: readMode(message, gateway)
      case .settle:
        adopt(gateway)
        _ = MessageWriter(.prepared, room: 16).send(channel)
        return .settle
      case .serve: return .serve
      case .caller: readCaller(message, gateway, handOver)
      case .lines: readLines(message, gateway)
      case .underWay: readUnderWay(message, gateway)
      case .journal: takeJournal(gateway)
      case .hello, .secret, .token, .prepare, .ready, .prepared, nil: break
      }
    }
    return .nothing
  }

  private func readUsed(_ message: MessageReader) {
    state.withLock { state in
      guard let names = state.names, state.readsState else { return }
      while !message.isAtEnd, !message.isBroken { state.used.append(names.used(from: message)) }
    }
  }

  private func adopt(_ gateway: GatewayProcess) {
    let used = state.withLock { $0.used }
    gateway.relays.limiter.adopt(
      LimiterSnapshot(used: used.compactMap { $0 }), at: gateway.relays.clock.monotonic)
    gateway.fleet.knows(state.withLock { $0.fleetModes })
  }

  private func readMode(_ message: MessageReader, _ gateway: GatewayProcess) {
    let (kind, name) = (message.byte(), message.text())
    let word = message.text()
    let (since, until) = (message.number(), message.number())
    if kind == 3 {
      let (remaining, version) = (message.number(), message.number())
      guard let target = SharedMode.Target(name), !message.isBroken else { return }
      state.withLock { state in
        state.fleetModes.version = version
        state.fleetModes.list.append(
          SharedMode(
            target: target, mode: word, since: since, until: until == .max ? nil : until,
            remaining: remaining == .max ? nil : remaining))
      }
      return
    }
    guard let names = state.withLock({ $0.readsState ? $0.names : nil }),
      let mode = OperatingMode(name: word)
    else { return }
    let target: ModeBoard.Target? =
      switch kind {
      case 0: .all
      case 1: names.callers.firstIndex(of: name).map { .caller($0) }
      default: names.apps.firstIndex(of: name).map { .app($0) }
      }
    guard let target, !message.isBroken else { return }
    gateway.relays.setMode(mode, for: target, at: since, until: until == .max ? nil : until)
  }

  private func readCaller(
    _ message: MessageReader, _ gateway: GatewayProcess, _ handOver: HandOver?
  ) {
    guard let number = message.descriptors.first else { return }
    let descriptor = Descriptor(owning: number)
    let theirs = Int(message.word())
    let input = message.data()
    guard !message.isBroken,
      let listener = state.withLock({ $0.listeners[theirs] })
    else { return }
    if let handOver, handOver.hasGiven {
      _ = handOver.pass(descriptor.number, listener: listener, input: input.span.bytesOfElements)
      return
    }
    let peer = PeerIdentity(of: descriptor.number)
    gateway.relays.take(moved: descriptor, from: peer, listener: listener, input: input)
  }

  private func readLines(_ message: MessageReader, _ gateway: GatewayProcess) {
    let lines = message.data()
    var buffer = ByteBuffer(capacity: lines.count)
    buffer.put(lines.span.bytesOfElements)
    gateway.journal?.write(buffer)
  }

  private func readUnderWay(_ message: MessageReader, _ gateway: GatewayProcess) {
    while !message.isAtEnd, !message.isBroken {
      let (place, count) = (Int(message.word()), Int32(bitPattern: message.word()))
      release(place, leaving: max(0, count), gateway)
    }
  }

  private func release(_ place: Int, leaving count: Int32, _ gateway: GatewayProcess) {
    let freed: (key: LimiterSnapshot.Key, count: Int32)? = state.withLock { state in
      guard state.used.indices.contains(place), let used = state.used[place], used.underWay > count
      else { return nil }
      state.used[place]?.underWay = count
      return (used.key, used.underWay - count)
    }
    guard let freed, isSameLimit(freed.key, gateway) else { return }
    gateway.relays.limiter.releaseForeign(
      freed.key, count: freed.count, at: gateway.relays.clock.monotonic)
  }

  /// Whether a limit's number means the same as when the state was taken. A reload may have reused it.
  private func isSameLimit(_ key: LimiterSnapshot.Key, _ gateway: GatewayProcess) -> Bool {
    guard let limit = key.limit, let names = state.withLock({ $0.names }) else { return false }
    let now = HandOverNames(gateway.inForce.withLock { $0.roster })
    guard names.limits.indices.contains(limit), now.limits.indices.contains(limit) else {
      return false
    }
    let (then, other) = (names.limits[limit], now.limits[limit])
    return then.per == other.per && (then.name == other.name || then.content == other.content)
  }

  private func takeJournal(_ gateway: GatewayProcess) {
    let isFirst = state.withLock { state in
      defer { state.hasJournal = true }
      return !state.hasJournal
    }
    guard isFirst, let journal = gateway.journal else { return }
    if let problem = journal.takeOver() {
      gateway.tell(.warning("no journal of calls: \(problem)"))
      journal.stop()
    }
  }

  /// The old process has ended, and its calls with it. Releases the places that they held.
  private func end(_ gateway: GatewayProcess) {
    let count = state.withLock { state in
      state.isGone = true
      return state.used.count
    }
    for place in 0..<count { release(place, leaving: 0, gateway) }
  }

  /// Takes the journal if the old process ended without releasing it.
  package func takeWhatIsLeft(_ gateway: GatewayProcess) { takeJournal(gateway) }
}
