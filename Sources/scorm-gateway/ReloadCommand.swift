internal import ArgumentParser
internal import System

/// `reload`: makes a running gateway read its configuration again.
struct ReloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Reload the configuration of a running gateway, as SIGHUP does.",
    discussion: """
      Prints one line per change. Calls in progress finish under the configuration they started with. Every key can \
      change except admin.address and traffic.journal.path. To see the changes first, use: scorm-gateway check -c FILE \
      --admin ADDRESS.

      Exit codes: 0 if the new configuration is in force; 78 if it has problems, which are all listed, and nothing has \
      changed.
      """)

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  /// Milliseconds; longer than a gateway waits for its own threads.
  private static let timeout = 20_000

  func run() throws {
    let answer = try AdminAddress.post(
      admin.address, "/api/reload?format=\(format.rawValue)", timeout: ReloadCommand.timeout)
    print(try AdminAddress.body(of: answer), terminator: "")
    Output.flush()
  }
}
