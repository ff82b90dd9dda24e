internal import AccessTokens
internal import Configuration
internal import EventLoop
internal import Fleet
internal import FleetStore
internal import Forwarding
internal import GatewayServer
package import Memory
internal import RateLimiting
internal import Rules
internal import Synchronization
package import System
internal import TokenFetching

/// The old process's side of a hand-over: starts the program on disk, gives it what it needs to get ready, and then
/// hands everything over.
///
/// Used only on the main thread. ``HandOverMachine`` makes the decisions, and this carries them out.
/// `docs/architecture.md` lists the steps.
package final class HandOver {
  private let gateway: GatewayProcess
  private let program: ProgramStart?
  private let notices: ServiceNotices
  private let secrets: () -> [(name: String, secret: SecretBytes)]
  private let clock: TimeSource
  private var machine = HandOverMachine()
  private var child: ChildProcess?
  private var link: SuccessorLink?
  /// Counts attempts to hold the event loops.
  private var round: UInt64 = 0
  /// Quotas in which calls of this process hold places, with the numbers that the successor was last given.
  private var held: [(key: LimiterSnapshot.Key, place: UInt32, count: Int32)] = []

  /// The environment variable that tells a started program that it has a predecessor.
  static let variable = "SCORM_HANDOVER"
  /// How long the successor may leave a message unread, in milliseconds.
  private static let sendPatience: Int32 = 2_000
  /// Nanoseconds between two checks of things that cause no event.
  package static let interval: Int64 = 10_000_000

  /// - Parameters:
  ///   - program: the program to start; nil if it is unknown.
  ///   - secrets: the secrets that were removed from the environment.
  package init(
    _ gateway: GatewayProcess, program: ProgramStart?, notices: ServiceNotices,
    clock: TimeSource = .system, secrets: @escaping () -> [(name: String, secret: SecretBytes)]
  ) {
    self.gateway = gateway
    self.program = program
    self.notices = notices
    self.clock = clock
    self.secrets = secrets
  }

  /// Whether another process is about to take over.
  package var isUnderWay: Bool { machine.isUnderWay && !hasGiven }

  /// Whether another process has taken over. This one must then end as soon as its last exchange has.
  package var hasGiven: Bool { machine.state == .given }

  /// The descriptor to poll besides signals; nil if there is none.
  package var channel: Int32? { link?.channel.number }

  /// The latest time for the next call of ``attend()``.
  package var due: Int64 {
    switch machine.state {
    case .serving: .max
    case .starting: machine.deadline
    case .holding, .settling, .given: clock.monotonic + HandOver.interval
    }
  }

  /// Starts a hand-over, on SIGUSR2.
  package func ask() { handle(.asked) }

  /// Prepares for the end of the gateway: ends a successor that is not ready yet.
  package func endAsked() { handle(.endAsked) }

  /// Checks for messages of the successor, the state of the event loops, and the time. Call it when the channel is
  /// readable and when it is due.
  package func attend() {
    receive()
    switch machine.state {
    case .holding: if gateway.areHeld(round) { handle(.loopsAreHeld) }
    case .given: tellRest()
    case .serving, .starting, .settling: break
    }
    handle(.timePassed)
  }

  private func receive() {
    while let link {
      switch link.channel.receive({ MessageReader($0, $1).message }) {
      case .message(.ready): handle(.ready)
      case .message(.prepared): handle(.prepared)
      case .message: continue
      case .nothing: return
      case .end:
        guard !hasGiven else {
          gateway.tell(.warning("the process that has taken over is gone: \(childEnd)"))
          self.link = nil
          return
        }
        handle(.gone(childEnd))
        return
      }
    }
  }

  /// How the successor ended. Its end of the channel closes shortly before the process itself ends.
  private var childEnd: String {
    guard let child else { return "it ended" }
    let deadline = clock.monotonic + 1_000_000_000
    while clock.monotonic < deadline {
      if let end = child.end {
        self.child = nil
        return "\(end)"
      }
      ProcessStart.pause(milliseconds: 1)
    }
    return "it closed its channel"
  }

  private func handle(_ event: HandOverMachine.Event) {
    for action in machine.handle(event, at: clock.monotonic) { run(action) }
  }

  private func run(_ action: HandOverMachine.Action) {
    switch action {
    case .start: start()
    case .hold:
      round += 1
      gateway.hold(round)
    case .tellState: if !tellState() { handle(.notStarted("it did not accept the state")) }
    case .give: give()
    case .resume: gateway.resume()
    case .kill: endChild()
    case .refuse(let reason): gateway.tell(.warning("SIGUSR2: NOT HANDED OVER: \(reason)"))
    case .report(let reason):
      gateway.isHandingOver.store(false, ordering: .releasing)
      link = nil
      held = []
      gateway.tell(
        .error(
          "NOT HANDED OVER, this process serves as before: the new one did not take over: \(reason)"
        ))
    }
  }

  private func endChild() {
    child?.kill()
    // Waits until the system reports the end, so that what the process wrote to standard error precedes our line.
    if child != nil { _ = childEnd }
    child = nil
  }

  // MARK: The start

  private func start() {
    gateway.isHandingOver.store(true, ordering: .releasing)
    guard ProcessStart.processID != 1 else {
      return handle(
        .notStarted("this is process 1 of a container, and the container would end with it"))
    }
    guard let program else { return handle(.notStarted("the path of this program is unknown")) }
    gateway.tell(.info("starting \(program.path) to take over"))
    do throws(SystemError) {
      let (ours, theirs) = try MessageChannel.pair()
      child = try program.spawn(
        theirs,
        adding: [
          (HandOver.variable, "\(MessageChannel.inheritedNumber):\(ProcessStart.processID)")
        ],
        omitting: ["WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
      link = SuccessorLink(ours)
    } catch { return handle(.notStarted("\(program.path) cannot be started: \(error)")) }
    if !tellFirst() { handle(.notStarted("it did not accept what it needs: \(childEnd)")) }
  }

  private func send(_ message: MessageWriter, _ descriptors: [Int32] = []) -> Bool {
    guard let link else { return false }
    return message.send(link.channel, descriptors, waiting: HandOver.sendPatience)
  }

  /// Sends sockets, secrets and tokens.
  private func tellFirst() -> Bool {
    let roster = gateway.inForce.withLock { $0.roster }
    let key = (0..<SecretFingerprint.keyBytes).map { _ in UInt8.random(in: .min ... .max) }
    let hello = MessageWriter(.hello)
    var descriptors: [Int32] = []
    hello.put(HandOverMessage.magic)
    hello.put(HandOverMessage.stateVersion)
    hello.put(gateway.isReady)
    hello.put(key.span.bytesOfElements)
    let open = gateway.relays.current.listeners
    for (place, configured) in roster.listeners.inForce where place < open.count {
      guard let listener = open[place], let number = listener.number else { continue }
      put(
        isAdmin: false, "\(configured.address)", place, isShared: listener.isShared, listener.file,
        into: hello)
      descriptors.append(number)
    }
    if let admin = roster.settings.admin, let copy = gateway.adminCopy, let number = copy.number {
      put(
        isAdmin: true, "\(admin.address)", 0, isShared: copy.isShared, gateway.adminFile,
        into: hello)
      descriptors.append(number)
    }
    guard send(hello, descriptors) else { return false }
    for (name, secret) in secrets() {
      let message = MessageWriter(.secret, room: 4096 + name.utf8.count + secret.count)
      message.put(name)
      message.put(secret.bytes)
      guard send(message) else { return false }
    }
    for (slot, token) in gateway.tokens.inUse() where roster.apps.list.indices.contains(slot.app) {
      guard let place = roster.apps.list[slot.app], place.isInForce else { continue }
      let app = place.item.app
      let fingerprints = [app.secret, app.nextSecret].compactMap { secret in
        secret.flatMap { SecretFingerprint.of($0, key: key) }
      }
      let message = MessageWriter(.token)
      message.put("\(app.kind.rawValue) \(app.id)")
      message.put(slot.scopes)
      message.put(token.fingerprint)
      message.put(token.requestedAt)
      message.put(token.usableUntil)
      message.put(UInt8(fingerprints.count))
      for fingerprint in fingerprints { message.put(fingerprint.span.bytesOfElements) }
      message.put(token.secret.bytes)
      guard send(message) else { return false }
    }
    return send(MessageWriter(.prepare, room: 16))
  }

  private func put(
    isAdmin: Bool, _ address: String, _ place: Int, isShared: Bool, _ file: UnixSocketFile?,
    into message: MessageWriter
  ) {
    message.put(isAdmin)
    message.put(address)
    message.put(UInt32(place))
    message.put(isShared)
    message.put(file != nil)
    message.put(file?.numbers.device ?? 0)
    message.put(file?.numbers.number ?? 0)
  }

  // MARK: The state

  /// Sends limits, pauses and modes. They do not change any more, because nothing new starts.
  private func tellState() -> Bool {
    let names = HandOverNames(gateway.inForce.withLock { $0.roster })
    let snapshot = gateway.relays.limiter.snapshot(at: clock.monotonic)
    var message = MessageWriter(.used)
    held = []
    for (place, used) in snapshot.used.enumerated() {
      names.put(used, into: message)
      if used.underWay > 0 { held.append((used.key, UInt32(place), used.underWay)) }
      guard message.isLong else { continue }
      guard send(message) else { return false }
      message = MessageWriter(.used)
    }
    guard send(message) else { return false }
    for entry in gateway.relays.modes.board.entries where !entry.isOfFleet {
      let message = MessageWriter(.mode, room: 4096)
      let target: (UInt8, String) =
        switch entry.target {
        case .all: (0, "")
        case .caller(let index):
          (1, names.callers.indices.contains(index) ? names.callers[index] : "")
        case .app(let index): (2, names.apps.indices.contains(index) ? names.apps[index] : "")
        }
      message.put(target.0)
      message.put(target.1)
      message.put(entry.mode.name)
      message.put(entry.since)
      message.put(entry.until ?? .max)
      guard send(message) else { return false }
    }
    // The store may be unreachable, so the successor learns what is known here.
    let fleet = gateway.fleet.status?.modes
    for mode in fleet?.list ?? [] {
      let message = MessageWriter(.mode, room: 4096)
      message.put(UInt8(3))
      message.put(mode.target.text)
      message.put(mode.mode)
      message.put(mode.since)
      message.put(mode.until ?? .max)
      message.put(mode.remaining ?? .max)
      message.put(fleet?.version ?? 0)
      guard send(message) else { return false }
    }
    return send(MessageWriter(.settle, room: 16))
  }

  // MARK: The end

  private func give() {
    guard let link, let child else { return }
    notices.tell(.successor(process: child.pid))
    _ = send(MessageWriter(.serve, room: 16))
    gateway.give(to: link)
    gateway.tell(
      .info("process \(child.pid) has taken over; this one finishes its calls in progress"))
    gateway.giveJournal(to: link)
    link.flushLines()
    _ = send(MessageWriter(.journal, room: 16))
  }

  /// Sends the log lines of calls that have ended, and the places in limits that those calls freed.
  private func tellRest() {
    guard let link else { return }
    link.flushLines()
    guard !held.isEmpty else { return }
    let counts = gateway.relays.limiter.underWay(held.map(\.key))
    let message = MessageWriter(.underWay)
    var changed: [Int] = []
    for (index, count) in counts.enumerated() where count < held[index].count && !message.isLong {
      message.put(held[index].place)
      message.put(UInt32(bitPattern: count))
      changed.append(index)
    }
    guard !changed.isEmpty, message.send(link.channel) == .sent else { return }
    for index in changed { held[index].count = counts[index] }
    held.removeAll { $0.count == 0 }
  }

  /// Gives the successor everything that is left. The gateway's loops have ended.
  package func finish() {
    guard hasGiven else { return }
    link?.flushLines(waiting: HandOver.sendPatience)
    link = nil
  }

  /// Passes on a connection from a predecessor of this process that is still finishing its own hand-over.
  func pass(_ descriptor: Int32, listener: Int, input: RawSpan) -> Bool {
    guard let link else { return false }
    let deadline = clock.monotonic + Int64(HandOver.sendPatience) * 1_000_000
    while true {
      switch link.take(descriptor, listener: listener, input: input) {
      case .taken: return true
      case .never: return false
      case .later:
        guard clock.monotonic < deadline else { return false }
        ProcessStart.pause(milliseconds: 1)
      }
    }
  }
}
