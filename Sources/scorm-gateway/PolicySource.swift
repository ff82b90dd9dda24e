internal import ArgumentParser
internal import Configuration
internal import Gateway
internal import Memory
internal import Policy
internal import Rules
internal import System
internal import TextCoding
internal import TrafficJournal

/// The options that say where `policy` finds past calls and the rules that applied to them.
struct PolicySource: ParsableArguments {
  @OptionGroup var admin: AdminOption

  @Option(help: "Read this journal file; no running gateway is needed.")
  var journal: String?

  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: """
      The current configuration (YAML), to compare with. Its journal is read unless --admin or --journal names \
      another.
      """)
  var file: String?

  @Option(help: "Calls since this time: an age (15m, 1h, 30d) or a date (2026-11-24T07:00:00Z).")
  var since = "30d"

  /// Seconds that reading a whole journal may take.
  private static let patience = 3_600.0
  /// Milliseconds for an answer of the admin address.
  private static let answerTimeout = 30_000

  func validate() throws {
    if journal != nil && admin.admin != nil {
      throw ValidationError("Give --journal or --admin, not both.")
    }
    do { _ = try time() } catch { throw ValidationError("--\(error.description)") }
  }

  /// The time of `--since` in nanoseconds since 1970.
  private func time() throws(QueryError) -> Int64 {
    let query = try TrafficQuery(
      "since=\(PercentCoding.encode(since))", now: TimeSource.system.wall / 1_000)
    return (query.since ?? 0) * 1_000
  }

  /// The present configuration; nil if none is named.
  ///
  /// - Parameter environment: must be the same for all files of a command, because a secret is removed from its
  ///   variable.
  func settings(_ environment: Environment) throws -> Settings? {
    try file.map { try PolicySource.settings(of: $0, environment) }
  }

  /// Loads the settings of a file, or ends the command.
  static func settings(of file: String, _ environment: Environment) throws -> Settings {
    do { return try ConfigurationSource.load(file: file, environment: environment).settings } catch
    {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
  }

  /// Counts the recorded calls, or ends the command with an error message.
  func tally(_ settings: Settings?, _ environment: Environment) throws -> CallTally {
    do {
      var tally = CallTally(since: try time())
      if let path = try path(settings, environment) {
        try JournalReader(path: path, seconds: PolicySource.patience).readLines {
          tally.add(line: $0)
        }
      } else {
        try ask(&tally)
      }
      return tally
    } catch let error as ExitCode {
      throw error
    } catch {
      Console.report("\(error)")
      throw ExitCode(ExitStatus.failed)
    }
  }

  /// The journal's file; nil if a gateway must be asked.
  private func path(_ settings: Settings?, _ environment: Environment) throws -> String? {
    if let journal { return journal }
    guard let settings, admin.admin == nil else { return nil }
    guard let configured = settings.traffic.journal else {
      Console.report("the configuration keeps no journal: traffic.journal is null")
      throw ExitCode(ExitStatus.failed)
    }
    if let path = configured.path { return path }
    switch JournalPlace.usual(environment) {
    case .file(let path): return path
    case .none(let reason):
      Console.report("no journal is configured, and the default place cannot be used: \(reason)")
      throw ExitCode(ExitStatus.failed)
    }
  }

  /// Reads the whole journal of a running gateway, page by page: calls before the window show when a grant was last
  /// used.
  private func ask(_ tally: inout CallTally) throws {
    var before: String?
    repeat {
      let cursor = before.map { "&before=\($0)" } ?? ""
      let answer = TrafficAnswer(
        try AdminAddress.body(
          of: AdminAddress.get(
            admin.address, "/api/traffic?limit=\(TrafficQuery.largestLimit)\(cursor)",
            timeout: PolicySource.answerTimeout)))
      for record in answer.records { tally.add(line: record.line.utf8.span.bytesOfElements) }
      before = answer.next
    } while before != nil
  }
}
