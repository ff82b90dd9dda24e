internal import Configuration
internal import EventLoop
internal import LocalServer
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
    _ traffic: TrafficSettings, callersAt address: SocketAddress?
  ) -> (@Sendable (LocalRequest) -> LocalResponse?)? {
    guard let journal = traffic.journal else { return nil }
    let pages = JournalPages(
      path: journal.path, timeLimit: searchSeconds,
      gateway: "http://\(address.map { "\($0)" } ?? "localhost")", version: GatewayVersion.text)
    return { request in
      pages.answer(request.path, query: request.query).map { answer in
        LocalResponse(
          status: answer.status, fields: [(name: "Content-Type", value: answer.type)],
          body: .bytes(Array(answer.body.utf8)))
      }
    }
  }
}

/// What this build calls itself.
package enum GatewayVersion {
  package static let text = "0.1.0"
}
