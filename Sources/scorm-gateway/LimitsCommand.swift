internal import ArgumentParser
internal import System
internal import TextCoding

/// `limits`: the limits of a running gateway or of a configuration.
struct LimitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limits",
    abstract: "Show the limits of a running gateway, or test new ones against recorded calls.",
    subcommands: [LimitsShowCommand.self, LimitsSimulateCommand.self, LimitsResumeCommand.self],
    defaultSubcommand: LimitsShowCommand.self)
}

/// `limits resume`: ends a pause that SCORM Cloud asked for.
struct LimitsResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "End an app's pause that SCORM Cloud asked for.",
    discussion: """
      After a 429, or a 503 with Retry-After, the gateway holds back the app's calls for as long as SCORM Cloud asked. \
      This command ends the pause and the slow start after it. The app's limits stay in force. If SCORM Cloud refuses \
      a call again, the app pauses again.
      """)

  @Option(help: "The app, by its name in the configuration.")
  var app: String

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  func run() throws {
    let answer = try AdminAddress.post(
      admin.address,
      "/api/limits/resume?format=\(format.rawValue)&app=\(PercentCoding.encode(app))")
    print(try AdminAddress.body(of: answer), terminator: "")
    Output.flush()
  }
}

/// `limits show`: shows what a running gateway's limits allow right now.
struct LimitsShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract:
      "Show the limits of a running gateway: what is left, how many calls wait, and how long.")

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  @OptionGroup var table: TableOptions

  func run() throws {
    let answer = try AdminAddress.get(
      admin.address, "/api/limits?format=\(format.rawValue)\(table.query)")
    print(try AdminAddress.body(of: answer), terminator: "")
    Output.flush()
  }
}
