internal import ArgumentParser
internal import Configuration
internal import Operator
internal import Rules
internal import System

/// `limits simulate`: shows what a configuration's limits would have done to past calls.
struct LimitsSimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract:
      "Replay a traffic log or a journal against new limits: which calls would have waited, and how long.",
    usage: "scorm-gateway limits simulate --config FILE (--traffic LOG | --journal FILE)",
    discussion: """
      Calls are replayed at the times they were made. The simulation does not model callers that would have slowed \
      down or retried. Nothing is sent, and only the secrets that the configuration refers to are needed.
      """)

  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: "Configuration file (YAML) with the new limits.")
  var file: String

  @Option(help: "Traffic log to replay; - means standard input.")
  var traffic: String?

  @Option(help: "Journal file to replay. A gateway may be writing to it.")
  var journal: String?

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  @OptionGroup var table: TableOptions

  private var record: LimitsSimulation.Record? {
    switch (traffic, journal) {
    case (let traffic?, nil): .log(traffic)
    case (nil, let journal?): .journal(journal)
    default: nil
    }
  }

  func validate() throws {
    guard record != nil else {
      throw ValidationError("Say which calls to replay: --traffic LOG or --journal FILE.")
    }
  }

  func run() throws {
    guard let record else { return }
    let settings: Settings
    do {
      settings = try ConfigurationSource.load(file: file, environment: Environment()).settings
    } catch {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
    do {
      let simulation = try LimitsSimulation(settings, record)
      print(
        format == .json ? simulation.json : simulation.table(in: table.room), terminator: "")
      Output.flush()
    } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
  }
}
