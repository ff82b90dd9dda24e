internal import ArgumentParser
internal import System
internal import TextCoding

/// `mode`: what callers may do at the moment, whatever the configuration grants.
struct ModeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mode",
    abstract: "Freeze callers or an app, or let them only read, while the gateway runs.",
    discussion: """
      Without a mode: shows what is set. A mode is for one caller, one app, or all; the strictest that applies
      holds, the configuration's among them. It survives a reload, not a restart. normal takes it away.

      With --fleet it holds at all gateways that have the same store and prefix (shared), also those that start later,
      until normal --fleet takes it away.

      normal: as configured. read-only: writes are refused. dry-run: writes are answered with what would have
      been sent, and nothing is. frozen: everything is refused, 503 with Retry-After.
      """)

  @Argument(help: "normal, read-only, dry-run or frozen.")
  var mode: String?

  @Option(help: "For this caller only.")
  var caller: String?

  @Option(help: "For calls to this app only.")
  var app: String?

  @Option(name: .customLong("for"), help: "Ends by itself after this time: 30s, 30m, 2h.")
  var time: String?

  @Flag(help: "At all gateways of the fleet.")
  var fleet = false

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  func validate() throws {
    guard mode == nil else { return }
    guard caller == nil, app == nil, time == nil, !fleet else {
      throw ValidationError("Say which mode: scorm-gateway mode frozen --caller NAME.")
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
