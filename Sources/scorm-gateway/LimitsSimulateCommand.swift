internal import ArgumentParser
internal import Configuration
internal import Operator
internal import Rules
internal import System

/// `limits simulate`: what a configuration's limits would have done to the calls of a traffic log.
struct LimitsSimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Replay a traffic log against new limits: who would have waited, and how long.",
    discussion: """
      The calls come as they came: a caller that would have slowed down, or tried again, is not imagined.
      Nothing is called, and no secret is needed but those the configuration refers to.
      """)

  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: "Configuration file (YAML) with the new limits.")
  var file: String

  @Option(help: "Traffic log to replay; - is standard input.")
  var traffic: String

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  func run() throws {
    let settings: Settings
    do {
      settings = try ConfigurationSource.load(file: file, environment: Environment()).settings
    } catch {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
    do {
      let simulation = try LimitsSimulation(settings, log: traffic)
      print(format == .json ? simulation.json : simulation.table, terminator: "")
      Output.flush()
    } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
  }
}
