internal import Configuration
internal import LocalServer
internal import System
internal import TrafficJournal

/// The journal as the gateway's parts need it.
extension GatewayProcess {
  /// Seconds for one question at the admin address.
  private static let searchSeconds = 5.0

  static func openJournal(
    _ traffic: TrafficSettings, tell: @escaping @Sendable (String) -> Void
  ) throws(StartError) -> JournalWriter? {
    guard let journal = traffic.journal else { return nil }
    let limits = JournalLimits(
      maxAge: journal.maxAge.nanoseconds / 1000, maxSize: Int64(journal.maxSize.bytes))
    do { return try JournalWriter(path: journal.path, limits: limits, tell: tell) } catch {
      throw StartError(error.description)
    }
  }

  /// Answers for `/api/traffic`; nil without a journal.
  static func trafficPages(
    _ traffic: TrafficSettings, callersAt addresses: [SocketAddress]
  ) -> (@Sendable (LocalRequest) -> LocalResponse?)? {
    guard let journal = traffic.journal else { return nil }
    let pages = JournalPages(
      path: journal.path, timeLimit: searchSeconds,
      gateway: callersPlace(addresses), version: GatewayVersion.text)
    return { request in
      pages.answer(request.path, query: request.query).map { answer in
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
