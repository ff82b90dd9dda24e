internal import Admin
internal import Configuration
internal import GatewayServer
internal import LocalServer
internal import Memory
internal import Synchronization
internal import System
internal import TrafficJournal
internal import TrafficLog

/// The journal of a running gateway: the writer, and this process's claim on the file.
///
/// Only one process writes. A successor queues lines until its predecessor has released the file. The predecessor sends
/// its last lines to the successor (``OutgoingLines``).
final class OpenJournal: LineSink, Sendable {
  let writer: JournalWriter
  let path: String
  /// The journal's newest lines, for the admin page.
  let feed = CallFeed()
  /// Held while the writer may write.
  private let claim: Mutex<FileClaim?>
  /// Where lines go after the file was given up; nil before.
  private let onward = Mutex<OutgoingLines?>(nil)

  init(writer: JournalWriter, path: String, claim: consuming FileClaim?) {
    self.writer = writer
    self.path = path
    self.claim = Mutex(claim)
  }

  /// The sink for the lines of calls.
  var sink: any LineSink { self }

  func write(_ lines: borrowing ByteBuffer) {
    // Under the lock, so that no line reaches a writer that was just stopped.
    onward.withLock { onward in
      if let onward { onward.write(lines) } else { writer.write(lines) }
    }
    feed.write(lines)
  }

  /// Writes the waiting lines and releases the file for the next gateway. Returns false if the writer still runs.
  @discardableResult
  func stop() -> Bool {
    guard writer.stop() else { return false }
    claim.withLock { $0 = nil }
    return true
  }

  /// Writes the waiting lines and releases the file to a successor. Later lines are sent there.
  func giveUp(to lines: OutgoingLines) {
    onward.withLock { $0 = lines }
    stop()
  }

  /// Takes over the file that the predecessor has released.
  ///
  /// - Returns: why that failed; nil on success.
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

/// Lines on their way to a successor. Bounded like the journal's own queue; lines that do not fit are counted.
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

  /// Passes on whole lines, at most `most` bytes at a time, while `send` accepts them. Returns false once it does not.
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

  /// The end of the last line that lies within the first `most` bytes. No line is longer than a message. If one were,
  /// it would be sent in pieces, and would count as broken.
  private static func end(_ bytes: RawSpan, _ most: Int) -> Int {
    let most = min(most, bytes.byteCount)
    var end = most
    while end > 0, bytes[end - 1] != UInt8(ascii: "\n") { end -= 1 }
    return end == 0 ? most : end
  }
}

/// The journal, for the gateway's parts.
extension GatewayProcess {
  /// Seconds that a search at the admin address may take.
  private static let searchSeconds = 5.0

  /// Opens the journal that the configuration asks for.
  ///
  /// A file that the configuration names must be usable. Problems with ``JournalPlace``, which is only a default, do
  /// not prevent a start. Neither does a file that another gateway writes.
  ///
  /// - Parameter place: where the journal is if the configuration does not say.
  /// - Parameter isSuccessor: whether the file belongs to a predecessor until ``OpenJournal/takeOver()``.
  /// - Returns: the journal, or nil for none, and a line for the operator that says which.
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

  /// Returns nil if another gateway has the file.
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

  /// Answers requests for `/api/traffic`; nil without a journal.
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

  /// How a command on this machine reaches a listener of `generation`: by TCP if possible, without TLS if possible.
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
    // A listener at all addresses of this machine includes loopback.
    if text.hasPrefix("0.0.0.0:") { return "\(scheme)127.0.0.1:\(address.port)" }
    if text.hasPrefix("[::]:") { return "\(scheme)[::1]:\(address.port)" }
    return scheme + text
  }
}

extension TrafficSettings.Journal {
  /// The settings as the journal's limits.
  var limits: JournalLimits {
    JournalLimits(maxAge: maxAge.nanoseconds / 1000, maxSize: Int64(maxSize.bytes))
  }
}
