internal import ArgumentParser
internal import System
internal import TextCoding

/// `mode`: shows or sets what callers may do at the moment, whatever the configuration grants.
struct ModeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mode",
    abstract: "Freeze callers or an app, or make them read-only, while the gateway runs.",
    discussion: """
      Without a mode, this command shows the modes that are set. A mode applies to one caller, one app, or all. If \
      several apply to a call, including the mode in the configuration, the strictest one holds. A mode survives a \
      reload but not a restart.

      With --fleet, the mode applies at all gateways with the same store and prefix (shared in the configuration), \
      including those that start later, until it ends or normal --fleet removes it.

        normal     as configured; removes a mode
        read-only  writes are refused
        dry-run    writes are not sent; the answer shows what would have been
        frozen     every call is refused: 503 with Retry-After
      """)

  @Argument(help: "normal, read-only, dry-run or frozen.")
  var mode: String?

  @Option(help: "For this caller only.")
  var caller: String?

  @Option(help: "For calls to this app only.")
  var app: String?

  @Option(name: .customLong("for"), help: "End the mode after this time, such as 30s, 30m, 2h.")
  var time: String?

  @Flag(help: "At all gateways that share a store.")
  var fleet = false

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  func validate() throws {
    guard mode == nil else { return }
    guard caller == nil, app == nil, time == nil, !fleet else {
      throw ValidationError("Say which mode, as in: scorm-gateway mode frozen --caller NAME.")
    }
  }

  func run() throws {
    var query = "format=\(format.rawValue)"
    guard let mode else {
      let answer = try AdminAddress.get(admin.address, "/api/mode?\(query)")
      print(try AdminAddress.body(of: answer), terminator: "")
      Output.flush()
      return
    }
    query += "&mode=\(PercentCoding.encode(mode))"
    if let caller { query += "&caller=\(PercentCoding.encode(caller))" }
    if let app { query += "&app=\(PercentCoding.encode(app))" }
    if let time { query += "&for=\(PercentCoding.encode(time))" }
    if fleet { query += "&fleet=true" }
    let answer = try AdminAddress.post(admin.address, "/api/mode?\(query)")
    print(try AdminAddress.body(of: answer), terminator: "")
    Output.flush()
  }
}
