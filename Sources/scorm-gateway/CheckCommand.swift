internal import ArgumentParser
internal import Configuration
internal import Gateway
internal import Rules
internal import System

/// `check`: everything that a start would validate.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a configuration; every problem is told with its place.",
    discussion: """
      Finds what `serve` would stop at, as the user who runs it: also folders and files that cannot be written, and \
      addresses that this machine does not have. Ports that another process holds are no fault of the configuration.

      Exit code 0: it is good. 78: it is not.
      """)

  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var file: String?

  func run() throws {
    let environment = Environment()
    let loaded: LoadedSettings
    do { loaded = try ConfigurationSource.load(file: file, environment: environment) } catch {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
    var checks = StartChecks(loaded)
    checks.compileRules()
    for warning in loaded.warnings + checks.warnings { Console.tell("warning: \(warning)") }
    _ = SpanExport(environment, warn: { Console.tell("warning: \($0)") })
    let problems = checks.problems.map(\.description)
    guard problems.isEmpty else {
      Console.tell(problems.joined(separator: "\n"))
      throw ExitCode(ExitStatus.badConfiguration)
    }
    let settings = loaded.settings
    print(
      "good: \(settings.apps.count) app(s), \(settings.callers.count) caller(s), "
        + "\(settings.limits.count) limit(s), upstream \(settings.upstream.url)")
    Output.flush()
  }
}
