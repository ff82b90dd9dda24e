internal import ArgumentParser
internal import Glibc
internal import System
internal import TextCoding
internal import TrafficJournal

/// `traffic`: the recorded calls.
struct TrafficCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "traffic",
    abstract: "Search, follow or count recorded calls, or repeat one.",
    discussion: """
      The commands ask a running gateway, or read a journal file (--journal). The key traffic.journal of the \
      configuration sets where that file is; the gateway logs the path when it starts.
      """,
    subcommands: [
      TrafficSearchCommand.self, TrafficFollowCommand.self, TrafficShowCommand.self,
      TrafficStatsCommand.self, TrafficReplayCommand.self, TrafficImportCommand.self,
    ],
    defaultSubcommand: TrafficSearchCommand.self)
}

/// `traffic search`: lists calls that match, newest first.
struct TrafficSearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "List calls, newest first.")

  @OptionGroup var source: TrafficSource
  @OptionGroup var filters: TrafficFilters
  @OptionGroup var output: TrafficOutput

  @Option(help: "List at most this many calls.")
  var limit = 100

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit takes a number of at least 1.") }
  }

  func run() throws {
    var records: [CallRecord] = []
    var before: String?
    var gateway = source.gateway(by: nil)
    while records.count < limit {
      var query = filters.parameters
      let wanted = min(limit - records.count, TrafficQuery.largestLimit)
      query.append((name: "limit", value: String(wanted)))
      if let before { query.append((name: "before", value: before)) }
      let answer = TrafficAnswer(try source.get("/api/traffic", query))
      records += answer.records
      gateway = source.gateway(by: answer)
      if !answer.isComplete {
        Console.report(
          "the search timed out before it reached the end of the journal; narrow it with --since")
        break
      }
      guard let next = answer.next else { break }
      before = next
    }
    TrafficPrinter(gateway: gateway).show(records, as: output)
  }
}

/// `traffic show`: shows everything that is known about a call.
struct TrafficShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the call with this request id.")

  @OptionGroup var source: TrafficSource
  @OptionGroup var output: TrafficOutput

  @Argument(help: "The request id, as in the answer's X-Request-Id.")
  var id: String

  func run() throws {
    let body = try source.get("/api/traffic/\(PercentCoding.encode(id))")
    let answer = TrafficAnswer(body)
    let records = answer.records
    if output.har || output.curl || output.format == .json {
      TrafficPrinter(gateway: source.gateway(by: answer)).show(records, as: output)
      return
    }
    for (number, record) in records.enumerated() {
      if number > 0 { print("") }
      print(TrafficTable.details(record, in: output.table.room), terminator: "")
    }
    Output.flush()
  }
}

/// `traffic stats`: counts calls.
struct TrafficStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract:
      "Count calls by caller and operation: refused, failed, percentiles, bytes, waits, over time."
  )

  @OptionGroup var source: TrafficSource
  @OptionGroup var filters: TrafficFilters

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  @OptionGroup var table: TableOptions

  func run() throws {
    let query = filters.parameters + [(name: "format", value: format.rawValue)] + table.parameter
    print(try source.get("/api/traffic/stats", query), terminator: "")
    Output.flush()
  }
}

/// `traffic follow`: prints calls as they end.
struct TrafficFollowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "follow", abstract: "Print calls as they end, until Ctrl-C.",
    discussion: """
      A call appears within a second of its end. If the gateway restarts, this command waits for it and then continues.
      """)

  @OptionGroup var source: TrafficSource
  @OptionGroup var filters: TrafficFilters

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  @OptionGroup var table: TableOptions

  @Option(help: ArgumentHelp("End after so many calls.", visibility: .hidden))
  var count: Int?

  /// Microseconds between two requests if nothing came.
  private static let pause: UInt32 = 300_000
  /// Microseconds between two requests while no gateway answers.
  private static let awayPause: UInt32 = 1_000_000

  func run() throws {
    let printer = TrafficPrinter(gateway: source.gateway(by: nil))
    let layout = TrafficTable.layout(in: table.room)
    var after = "now"
    var left = count ?? .max
    var isFirst = true
    var hasAnswered = false
    var isAway = false
    while left > 0 {
      let wanted = min(left, TrafficQuery.largestLimit)
      let query =
        filters.parameters + [
          (name: "after", value: after), (name: "limit", value: String(wanted)),
        ]
      // Errors end the command only until the first answer, which shows that the request is valid.
      guard
        let body = try hasAnswered
          ? source.getIfThere("/api/traffic", query) : source.get("/api/traffic", query)
      else {
        if !isAway { Console.report("the gateway does not answer; waiting for it") }
        isAway = true
        usleep(TrafficFollowCommand.awayPause)
        continue
      }
      if isAway { Console.report("the gateway answers again") }
      (hasAnswered, isAway) = (true, false)
      let answer = TrafficAnswer(body)
      after = answer.next ?? after
      guard !answer.records.isEmpty else {
        usleep(TrafficFollowCommand.pause)
        continue
      }
      if format == .json {
        printer.lines(answer.records)
      } else {
        printer.rows(answer.records, layout, header: isFirst)
      }
      isFirst = false
      left -= answer.records.count
    }
  }
}
