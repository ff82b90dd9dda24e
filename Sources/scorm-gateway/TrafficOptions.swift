internal import ArgumentParser
internal import CurlTransport
internal import Gateway
internal import TextCoding
internal import TrafficJournal

/// The options that say where commands find the journal: a running gateway's admin address, or the file.
struct TrafficSource: ParsableArguments {
  @OptionGroup var admin: AdminOption

  @Option(help: "Read this journal file; no running gateway is needed.")
  var journal: String?

  @Option(
    help: """
      Where the gateway serves callers (http://host:port or unix:/path), for --har and --curl. By default, the \
      gateway is asked.
      """)
  var gateway: String?

  /// Milliseconds for an answer of the admin address, which may have to search the disk.
  private static let answerTimeout = 30_000
  /// Seconds for an answer from a file.
  private static let fileTimeout = 60.0

  func validate() throws {
    guard let gateway else { return }
    guard ["http://", "https://", "unix:/"].contains(where: gateway.hasPrefix),
      gateway.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") })
    else {
      throw ValidationError("--gateway takes a URL like http://127.0.0.1:8080, or unix:/path.")
    }
  }

  /// Where the gateway serves callers if neither the command nor an answer says so.
  private static let usualGateway = "http://127.0.0.1:8080"

  /// Where the gateway serves callers, according to the command or to `answer`.
  func gateway(by answer: TrafficAnswer?) -> String {
    let text = gateway ?? answer?.gateway ?? TrafficSource.usualGateway
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }

  /// The body of the page at `path`; nil if no gateway answers, or if it is starting or stopping. Try again later.
  func getIfThere(_ path: String, _ query: [(name: String, value: String)]) throws -> String? {
    guard journal == nil else { return try get(path, query) }
    let text = query.map { "\($0.name)=\(PercentCoding.encode($0.value))" }.joined(separator: "&")
    do {
      let answer = try AdminAddress.ask(
        "GET", admin.address, "\(path)?\(text)", timeout: TrafficSource.answerTimeout)
      return answer.status == 200 ? answer.body : nil
    } catch { return nil }
  }

  /// The body of the page at `path`. Ends the command with an error message on failure.
  func get(_ path: String, _ query: [(name: String, value: String)] = []) throws -> String {
    let text = query.map { "\($0.name)=\(PercentCoding.encode($0.value))" }.joined(separator: "&")
    let (status, body) = try journal.map { try file($0, path, text) } ?? remote(path, text)
    guard status == 200 else {
      Console.report(AdminAddress.problem(status, body))
      throw ExitCode(status == 400 ? ExitStatus.usage : ExitStatus.failed)
    }
    return body
  }

  private func file(_ file: String, _ path: String, _ query: String) throws -> (Int, String) {
    let pages = JournalPages(
      path: file, timeLimit: TrafficSource.fileTimeout, gateway: gateway(by: nil),
      version: Version.text)
    let answer = pages.answer(path, query: query)
    return (answer?.status ?? 404, answer?.body ?? "")
  }

  private func remote(_ path: String, _ query: String) throws -> (Int, String) {
    let answer = try AdminAddress.get(
      admin.address, path + (query.isEmpty ? "" : "?" + query), timeout: TrafficSource.answerTimeout
    )
    return (answer.status, answer.body)
  }
}

/// The options that select calls.
struct TrafficFilters: ParsableArguments {
  @Option(
    help: "Calls since this time: an age (90s, 15m, 1h, 7d) or a date (2026-11-24T07:00:00Z).")
  var since: String?

  @Option(help: "Calls before this time.")
  var until: String?

  @Option(help: "The caller's name.")
  var caller: String?

  @Option(help: "The method: GET, DELETE.")
  var method: String?

  @Option(
    help: "404, 5xx, or none for calls without an answer. Separate several with commas: 4xx,5xx.")
  var status: String?

  @Option(help: "The operation's name: GetCourses.")
  var operation: String?

  @Option(help: "The app's name.")
  var app: String?

  @Option(help: "Calls that took longer than this: 500ms, 2s.")
  var slower: String?

  @Option(help: "The request id.")
  var id: String?

  @Option(help: "Words in the path or the error, matched from the start of each word.")
  var text: String?

  /// The options as parameters of `/api/traffic`.
  var parameters: [(name: String, value: String)] {
    [
      ("since", since), ("until", until), ("caller", caller), ("method", method),
      ("status", status),
      ("operation", operation), ("app", app), ("slower", slower), ("id", id), ("text", text),
    ].compactMap { name, value in value.map { (name: name, value: $0) } }
  }
}

/// The options for how records are printed.
struct TrafficOutput: ParsableArguments {
  @Option(help: "table for people; json for scripts, one record per line, as in the log.")
  var format = ListingFormat.table

  @Flag(help: "Print an HTTP archive (HAR 1.2) for a browser's network panel.")
  var har = false

  @Flag(help: "Print curl commands that repeat the calls through the gateway.")
  var curl = false

  @OptionGroup var table: TableOptions

  func validate() throws {
    if har && curl { throw ValidationError("Give --har or --curl, not both.") }
  }
}
