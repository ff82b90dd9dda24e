internal import Admin
internal import Configuration
internal import GatewayServer
internal import LocalServer
internal import Memory
internal import Synchronization
internal import System
internal import TrafficJournal
internal import TrafficLog

/// The journal of a gateway that runs: the writer, and this process' claim on the file.
///
/// One process writes. A successor takes lines and keeps them until its predecessor has given the file up; that one's last
/// lines come to it by another way (``OutgoingLines``).
final class OpenJournal: LineSink, Sendable {
  let writer: JournalWriter
  let path: String
  /// Its newest lines, for who watches the admin page.
  let feed = CallFeed()
  /// Held as long as the writer may write.
  private let claim: Mutex<FileClaim?>
  /// Where lines go once the file was given up; nil before.
  private let onward = Mutex<OutgoingLines?>(nil)

  init(writer: JournalWriter, path: String, claim: consuming FileClaim?) {
    self.writer = writer
    self.path = path
    self.claim = Mutex(claim)
  }

  /// What takes the lines of calls.
  var sink: any LineSink { self }

  func write(_ lines: borrowing ByteBuffer) {
    // Under the lock, so that no line comes to a writer that has just been stopped.
    onward.withLock { onward in
      if let onward { onward.write(lines) } else { writer.write(lines) }
    }
    feed.write(lines)
  }

  /// Writes what waits and gives the file back, for the next gateway. Returns false when the writer still runs.
  @discardableResult
  func stop() -> Bool {
    guard writer.stop() else { return false }
    claim.withLock { $0 = nil }
    return true
  }

  /// Writes what waits and gives the file up to a successor, to which lines go from now on.
  func giveUp(to lines: OutgoingLines) {
    onward.withLock { $0 = lines }
    stop()
  }

  /// The predecessor has given the file up: it is this process' to write.
  ///
  /// - Returns: why it is not; nil when it is.
  func takeOver() -> String? {
    var claim: FileClaim?
    do { claim = try FileClaim(on: path) } catch {
      switch error {
      case .taken: return "another gateway writes \(path)"
      case .failed(let reason): return "\(path)\(FileClaim.suffix): \(reason)"
      }
    }
    self.claim.withLock { $0 = claim.take() }
    do {
      try writer.begin()
      return nil
    } catch { return error.description }
  }
}

/// Lines on their way to a successor. Bounded like the journal's own; what finds no room is counted.
final class OutgoingLines: LineSink, Sendable {
  private struct State: ~Copyable {
    var waiting = ByteBuffer()
    var dropped = 0
  }

  private let state = Mutex(State())

  func write(_ lines: borrowing ByteBuffer) {
    state.withLock { state in
      if state.waiting.count + lines.count <= JournalWriter.maximumWaitingBytes {
        state.waiting.put(lines.bytes)
      } else {
        state.dropped += 1
      }
    }
  }

  /// Hands over whole lines, `most` bytes at a time, as long as `send` takes them. Returns false once it takes none.
  func flush(most: Int, _ send: (RawSpan) -> Bool) -> Bool {
    state.withLock { state in
      while !state.waiting.isEmpty {
        let end = OutgoingLines.end(state.waiting.bytes, most)
        guard send(state.waiting.bytes.slice(0, end)) else { return false }
        state.waiting.consume(end)
      }
      return true
    }
  }

  /// Where the last line ends that lies within the first `most` bytes. No line is longer than a message; if one were, it
  /// would go in pieces, and count as broken.
  private static func end(_ bytes: RawSpan, _ most: Int) -> Int {
    let most = min(most, bytes.byteCount)
    var end = most
    while end > 0, bytes[end - 1] != UInt8(ascii: "\n") { end -= 1 }
    return end == 0 ? most : end
  }
}

/// The journal as the gateway's parts need it.
extension GatewayProcess {
  /// Seconds for one question at the admin address.
  private static let searchSeconds = 5.0

  /// Opens the journal that the configuration asks for.
  ///
  /// A file that the configuration names must be usable; what is wrong with ``JournalPlace``, which nobody asked
  /// for, stops no start. A file that another gateway writes stops none either.
  ///
  /// - Parameter place: where the journal is when the configuration does not say.
  /// - Parameter isSuccessor: the file is a predecessor's until ``OpenJournal/takeOver()``.
  /// - Returns: the journal, nil for none, and a line that tells the operator which.
  static func openJournal(
    _ traffic: TrafficSettings, at place: JournalPlace, isSuccessor: Bool = false,
    clock: TimeSource = .system, tell: @escaping @Sendable (OperatorNotice) -> Void
  ) throws(StartError) -> (journal: OpenJournal?, news: OperatorNotice) {
    guard let settings = traffic.journal else {
      return (nil, .info("no journal of calls: the configuration switches it off"))
    }
    let path: String
    switch (settings.path, place) {
    case (let named?, _): path = named
    case (nil, .file(let usual)): path = usual
    case (nil, .none(let reason)): return (nil, .info("no journal of calls: \(reason)"))
    }
    do {
      let journal = try open(path, settings, isSuccessor: isSuccessor, clock: clock, tell: tell)
      guard let journal else {
        return (
          nil,
          .warning(
            "no journal of calls: another gateway writes \(path); give each its own traffic.journal.path"
          )
        )
      }
      return (
        journal,
        .info(
          "journal of calls in \(path): up to \(settings.bounds)")
      )
    } catch {
      guard settings.path == nil else { throw StartError(error.description) }
      return (nil, .warning("no journal of calls: \(error.description)"))
    }
  }

  /// Nil: another gateway has the file.
  private static func open(
    _ path: String, _ settings: TrafficSettings.Journal, isSuccessor: Bool, clock: TimeSource,
    tell: @escaping @Sendable (OperatorNotice) -> Void
  ) throws(JournalError) -> OpenJournal? {
    let limits = settings.limits
    guard !isSuccessor else {
      return OpenJournal(
        writer: try JournalWriter(
          waitingFor: path, limits: limits, clock: clock, tell: { tell(.warning($0)) }),
        path: path, claim: nil)
    }
    let claim: FileClaim
    do { claim = try FileClaim(on: path) } catch {
      switch error {
      case .taken: return nil
      case .failed(let reason):
        throw JournalError("cannot open the journal \(path): \(path)\(FileClaim.suffix): \(reason)")
      }
    }
    return OpenJournal(
      writer: try JournalWriter(
        path: path, limits: limits, clock: clock, tell: { tell(.warning($0)) }),
      path: path, claim: claim)
  }

  /// Answers for `/api/traffic`; nil without a journal.
  static func trafficPages(
    _ journal: OpenJournal?, _ relays: RelayShared
  ) -> (@Sendable (LocalRequest) -> LocalResponse?)? {
    guard let journal else { return nil }
    return { request in
      let pages = JournalPages(
        path: journal.path, timeLimit: searchSeconds,
        gateway: callersPlace(relays.current),
        version: GatewayVersion.text, clock: relays.clock)
      return pages.answer(request.path, query: request.query).map { answer in
        LocalResponse(
          status: answer.status, fields: [(name: "Content-Type", value: answer.type)],
          body: .bytes(Array(answer.body.utf8)))
      }
    }
  }

  /// Where a command on this machine reaches a listener of `generation`: by TCP if it can, without TLS if it can.
  static func callersPlace(_ generation: Generation) -> String {
    let places = generation.listeners.enumerated().compactMap { number, listener in
      listener.map { ($0.address, isSecured: generation.acceptor(of: number) != nil) }
    }
    let reached = places.filter { $0.0.unixPath == nil }
    guard
      let (address, isSecured) = reached.first(where: { !$0.isSecured }) ?? reached.first
        ?? places.first
    else { return "http://localhost" }
    if address.unixPath != nil { return "\(address)" }
    let scheme = isSecured ? "https://" : "http://"
    let text = "\(address)"
    // All addresses of this machine: loopback is one of them.
    if text.hasPrefix("0.0.0.0:") { return "\(scheme)127.0.0.1:\(address.port)" }
    if text.hasPrefix("[::]:") { return "\(scheme)[::1]:\(address.port)" }
    return scheme + text
  }
}

extension TrafficSettings.Journal {
  /// In the journal's own terms.
  var limits: JournalLimits {
    JournalLimits(maxAge: maxAge.nanoseconds / 1000, maxSize: Int64(maxSize.bytes))
  }
}
