internal import ArgumentParser
internal import System
internal import TextCoding

/// `limits`: the limits of a running gateway, or of one to come.
struct LimitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limits",
    abstract: "Show the limits of a running gateway, or try new ones on the traffic of the past.",
    subcommands: [LimitsShowCommand.self, LimitsSimulateCommand.self, LimitsResumeCommand.self],
    defaultSubcommand: LimitsShowCommand.self)
}

/// `limits resume`: an end to a pause that SCORM Cloud asked for.
struct LimitsResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "End the pause of an app that SCORM Cloud asked for.",
    discussion: """
      After a 429, or a 503 with Retry-After, the gateway holds an app's calls back for as long as it was asked to. \\
      This ends the pause and what slows the app after it; its limits go on holding. Refused again, it pauses again.
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

/// `limits show`: what a running gateway's limits allow right now.
struct LimitsShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the limits of a running gateway: what is left, who waits and how long.")

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
