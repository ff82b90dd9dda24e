internal import ArgumentParser
internal import System

/// `jobs`: lists the jobs that callers of a running gateway have waited for.
struct JobsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs",
    abstract: "Show the jobs that callers of a running gateway waited for (Prefer: wait=N).",
    discussion: """
      Lists the last 1,000 jobs, newest first: the state of each, how many callers wait for it now, and how many left \
      before it ended.
      """)

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  @OptionGroup var table: TableOptions

  func run() throws {
    let answer = try AdminAddress.get(
      admin.address, "/api/jobs?format=\(format.rawValue)\(table.query)")
    print(try AdminAddress.body(of: answer), terminator: "")
    Output.flush()
  }
}
