internal import ArgumentParser
internal import Configuration
internal import Policy
internal import System

/// `policy`: derives rules from past calls and tests rules on them.
struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Suggest the least rights that callers need, or test rules against recorded calls.",
    discussion: """
      The commands read the journal of a running gateway (--admin), a journal file (--journal), or the journal that \
      a configuration names (-c). They change nothing.
      """,
    subcommands: [PolicySuggestCommand.self, PolicySimulateCommand.self])
}

/// `policy suggest`: suggests the least rights that past calls need.
struct PolicySuggestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suggest",
    abstract: "Suggest callers[] with the least rights that the recorded calls need.",
    discussion: """
      A call counts if SCORM Cloud answered it with 2xx or 3xx, or if callers[] refused it. Calls that got a 404 do \
      not count, so a scan cannot widen a caller's rights. An operation that was refused so far is marked NEW. \
      Operations that delete something are left out unless you give --include-destructive. Review the suggestion; \
      nothing is applied.

        scorm-gateway policy suggest -c gateway.yaml --format diff
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case yaml, diff, json
  }

  @OptionGroup var source: PolicySource

  @Option(help: "Only this caller.")
  var caller: String?

  @Flag(help: "Also suggest operations that delete something.")
  var includeDestructive = false

  @Flag(help: "Leave out operations that callers[] refused so far.")
  var excludeRefused = false

  @Option(
    help: "yaml for a configuration, diff against the current one (-c), json for scripts.")
  var format = Format.yaml

  func validate() throws {
    if format == .diff && source.file == nil {
      throw ValidationError("A diff needs the current configuration: -c FILE.")
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

/// `policy simulate`: tests past calls against other rules.
struct PolicySimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract:
      "Test a configuration's callers and policy against recorded calls: which would be refused?",
    discussion: """
      Callers are identified by their recorded names. To test limits, use: scorm-gateway limits simulate.

        scorm-gateway policy simulate new.yaml -c gateway.yaml

      Exit codes: 0 if every call that passed would pass again, 1 if some would be refused or the record cannot be \
      read, 78 if the configuration has problems.
      """)

  @Argument(help: "The configuration to test (YAML).")
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
