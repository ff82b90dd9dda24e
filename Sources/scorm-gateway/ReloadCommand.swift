internal import ArgumentParser
internal import System

/// `reload`: a gateway that runs reads its configuration again.
struct ReloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Have a running gateway read its configuration again, as SIGHUP does.",
    discussion: """
      Prints what has changed, one line for each thing. Calls under way end as they began; every key can change but \
      admin.address and traffic.journal.path. To see first what would change: scorm-gateway check -c FILE --admin.

      Exit code 0: it is in force. 78: it has problems, all of them are told, and nothing has changed.
      """)

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  /// Longer than a gateway waits for its own threads.
  private static let timeout = 20_000

  func run() throws {
    let answer = try AdminAddress.post(
      admin.address, "/api/reload?format=\(format.rawValue)", timeout: ReloadCommand.timeout)
    print(try AdminAddress.body(of: answer), terminator: "")
    Output.flush()
  }
}
