internal import ArgumentParser
internal import Gateway
internal import System

/// `traffic import`: a journal made from traffic logs.
struct TrafficImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Write the lines of a traffic log into a journal file.",
    discussion: """
      For calls from before there was a journal, or that it lost. Lines that are in it already are written again. \
      Lines that are none of the log, as a torn last one, are skipped.
      """)

  @Argument(help: "Traffic log; - is standard input.")
  var log: String

  @Option(help: "The journal's file; created if it does not exist.")
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
