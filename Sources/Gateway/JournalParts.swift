internal import Admin
internal import Configuration
internal import GatewayServer
internal import LocalServer
internal import Synchronization
internal import System
internal import TrafficJournal
internal import TrafficLog

/// The journal of a gateway that runs: the writer, and this process' claim on the file.
final class OpenJournal: Sendable {
  let writer: JournalWriter
  let path: String
  /// Its newest lines, for who watches the admin page.
  let feed = CallFeed()
  /// Held as long as the writer may write.
  private let claim: Mutex<FileClaim?>

  init(writer: JournalWriter, path: String, claim: consuming FileClaim) {
    self.writer = writer
    self.path = path
    self.claim = Mutex(claim)
  }

  /// What takes the lines of calls.
  var sink: any LineSink { WatchedJournal(journal: writer, feed: feed) }

  /// Writes what waits and gives the file back, for the next gateway. Returns false when the writer still runs.
  @discardableResult
  func stop() -> Bool {
    guard writer.stop() else { return false }
    claim.withLock { $0 = nil }
    return true
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
  /// - Returns: the journal, nil for none, and a line that tells the operator which.
  static func openJournal(
    _ traffic: TrafficSettings, at place: JournalPlace, clock: TimeSource = .system,
    tell: @escaping @Sendable (OperatorNotice) -> Void
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
      let journal = try open(path, settings, clock: clock, tell: tell)
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
    _ path: String, _ settings: TrafficSettings.Journal, clock: TimeSource,
    tell: @escaping @Sendable (OperatorNotice) -> Void
  ) throws(JournalError) -> OpenJournal? {
    let claim: FileClaim
    do { claim = try FileClaim(on: path) } catch {
      switch error {
      case .taken: return nil
      case .failed(let reason):
        throw JournalError("cannot open the journal \(path): \(path)\(FileClaim.suffix): \(reason)")
      }
    }
    let limits = settings.limits
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
        gateway: callersPlace(relays.current.listeners.compactMap { $0?.address }),
        version: GatewayVersion.text, clock: relays.clock)
      return pages.answer(request.path, query: request.query).map { answer in
        LocalResponse(
          status: answer.status, fields: [(name: "Content-Type", value: answer.type)],
          body: .bytes(Array(answer.body.utf8)))
      }
    }
  }

  /// Where a command on this machine reaches one of `addresses`: by TCP if it can.
  static func callersPlace(_ addresses: [SocketAddress]) -> String {
    guard let address = addresses.first(where: { $0.unixPath == nil }) ?? addresses.first else {
      return "http://localhost"
    }
    if address.unixPath != nil { return "\(address)" }
    let text = "\(address)"
    // All addresses of this machine: loopback is one of them.
    if text.hasPrefix("0.0.0.0:") { return "http://127.0.0.1:\(address.port)" }
    if text.hasPrefix("[::]:") { return "http://[::1]:\(address.port)" }
    return "http://\(text)"
  }
}

extension TrafficSettings.Journal {
  /// In the journal's own terms.
  var limits: JournalLimits {
    JournalLimits(maxAge: maxAge.nanoseconds / 1000, maxSize: Int64(maxSize.bytes))
  }
}
