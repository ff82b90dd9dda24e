internal import ArgumentParser
internal import System

/// `limits`: the limits of a running gateway, or of one to come.
struct LimitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limits",
    abstract: "Show the limits of a running gateway, or try new ones on the traffic of the past.",
    subcommands: [LimitsShowCommand.self, LimitsSimulateCommand.self],
    defaultSubcommand: LimitsShowCommand.self)
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
