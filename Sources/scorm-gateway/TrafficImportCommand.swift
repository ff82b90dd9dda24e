internal import ArgumentParser
internal import Gateway
internal import System

/// `traffic import`: makes a journal from traffic logs.
struct TrafficImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Write the lines of a traffic log into a journal file.",
    discussion: """
      Adds calls that were made before there was a journal, or that the journal lost. Lines that are already in the \
      journal are written again. Lines that are not records, such as a truncated last line, are skipped.
      """)

  @Argument(help: "The traffic log; - means standard input.")
  var log: String

  @Option(help: "The journal file; it is created if it does not exist.")
  var journal: String

  func run() throws {
    do {
      let outcome = try JournalImport.run(log: log, journal: journal, tell: { Console.report($0) })
      print(outcome.text)
      Output.flush()
    } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
  }
}
