internal import ArgumentParser
internal import Configuration
internal import Policy
internal import System

/// `policy`: what callers need, and what rules would do to them.
struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Suggest the least rights that callers need, or try rules on the calls of the past.",
    discussion: """
      The commands read the journal of a running gateway (--admin), a journal's file (--journal), or the journal of a \
      configuration (-c). They change nothing.
      """,
    subcommands: [PolicySuggestCommand.self, PolicySimulateCommand.self])
}

/// `policy suggest`: the least rights that the calls of the past need.
struct PolicySuggestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suggest",
    abstract: "Suggest callers[] with the least rights that the calls on record need.",
    discussion: """
      A call counts if SCORM Cloud answered it with 2xx or 3xx, or if callers[] refused it; a scan that finds nothing \
      widens no rights. What was refused so far is marked NEW. Operations that erase something are left out unless \
      --include-destructive is given. The suggestion is for review; nothing is applied.

        scorm-gateway policy suggest -c gateway.yaml --format diff
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case yaml, diff, json
  }

  @OptionGroup var source: PolicySource

  @Option(help: "Only this caller.")
  var caller: String?

  @Flag(help: "Suggest operations that erase something, too.")
  var includeDestructive = false

  @Flag(help: "Suggest nothing that callers[] refused so far.")
  var excludeRefused = false

  @Option(
    help: "yaml to put into a configuration, diff against the present one (-c), json for scripts.")
  var format = Format.yaml

  func validate() throws {
    if format == .diff && source.file == nil {
      throw ValidationError("A diff needs the present configuration: -c FILE.")
    }
  }

  func run() throws {
    let environment = Environment()
    let settings = try source.settings(environment)
    let tally = try source.tally(settings, environment)
    var wish = PolicySuggestion.Wish()
    wish.caller = caller
    wish.includesDestructive = includeDestructive
    wish.excludesRefused = excludeRefused
    let suggestion: PolicySuggestion
    do throws(PolicyProblem) {
      suggestion = try PolicySuggestion(
        tally, against: settings, wish: wish, now: TimeSource.system.wall)
    } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
    let text =
      switch format {
      case .yaml: suggestion.yaml
      case .diff: suggestion.diff
      case .json: suggestion.json
      }
    print(text, terminator: "")
    Output.flush()
  }
}

/// `policy simulate`: the calls of the past under other rules.
struct PolicySimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract:
      "Try a configuration's callers and policy on the calls on record: who would be refused?",
    discussion: """
      Callers are known by the names that they have on record. Limits are another matter: limits simulate.

        scorm-gateway policy simulate new.yaml -c gateway.yaml

      Exit code 0: every call that passed would pass again. 1: some would be refused, or the record cannot be read. 78: \
      the configuration is not good.
      """)

  @Argument(help: "The configuration to try (YAML).")
  var newFile: String

  @OptionGroup var source: PolicySource

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  @OptionGroup var table: TableOptions

  func run() throws {
    let environment = Environment()
    let settings = try PolicySource.settings(of: newFile, environment)
    let tally = try source.tally(try source.settings(environment), environment)
    let simulation: PolicySimulation
    do { simulation = try PolicySimulation(tally, under: settings) } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
    print(format == .json ? simulation.json : simulation.table(in: table.room), terminator: "")
    Output.flush()
    if simulation.refusesSomebody { throw ExitCode(ExitStatus.failed) }
  }
}
