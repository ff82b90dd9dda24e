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
      addresses that this machine does not have. A port that another process holds is not a fault of the configuration.

      With --against or --admin it then tells what a reload would change, one line for each thing; the configuration \
      that runs is known without its secrets, so these are not compared with it.

      Exit code 0: it is good. 78: it is not, or a reload would refuse it.
      """)

  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var file: String?

  @Option(help: "Another configuration file (YAML): what changes from it to this one.")
  var against: String?

  @Option(
    help:
      "The admin address of a gateway that runs, host:port or unix:/path: what a reload would change there."
  )
  var admin: String?

  @OptionGroup var tls: AdminTLSOption

  func validate() throws {
    guard against == nil || admin == nil else {
      throw ValidationError(
        "Compare with a file (--against) or with what runs (--admin), not with both.")
    }
  }

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
    _ = TelemetryExport(environment, warn: { Console.tell("warning: \($0)") })
    let problems = checks.problems.map(\.description)
    guard problems.isEmpty else {
      Console.tell(problems.joined(separator: "\n"))
      throw ExitCode(ExitStatus.badConfiguration)
    }
    let settings = loaded.settings
    print(
      "good: \(settings.apps.count) app(s), \(settings.callers.count) caller(s), "
        + "\(settings.limits.count) limit(s), upstream \(settings.upstream.url)")
    let changes = try changes(to: settings, environment)
    if let changes { print(CheckCommand.text(changes), terminator: "") }
    Output.flush()
    guard changes?.impossible.isEmpty ?? true else { throw ExitCode(ExitStatus.badConfiguration) }
  }

  /// What a reload would change; nil when nothing was named to compare with.
  private func changes(
    to settings: Settings, _ environment: Environment
  ) throws -> SettingsChanges? {
    if let against {
      do {
        let old = try ConfigurationSource.load(file: against, environment: environment).settings
        return SettingsChanges(from: old, to: settings)
      } catch {
        Console.tell("what it is compared with has problems itself:\n\(error.description)")
        throw ExitCode(ExitStatus.badConfiguration)
      }
    }
    guard let admin else { return nil }
    let address = AdminTarget(AdminAddress.chosen(admin, environment), tls.files)
    let answer = try AdminAddress.get(address, "/api/configuration?format=table")
    guard let running = ConfigurationText(reading: try AdminAddress.body(of: answer)) else {
      Console.report("\(address) does not tell its configuration; is it a gateway's admin address?")
      throw ExitCode(ExitStatus.failed)
    }
    return SettingsChanges(from: running, to: settings)
  }

  private static func text(_ changes: SettingsChanges) -> String {
    if changes.isEmpty { return "a reload would change nothing\n" }
    let heading =
      changes.impossible.isEmpty ? "a reload would change:\n" : "a reload would refuse this:\n"
    let lines = changes.impossible.isEmpty ? changes.lines : changes.impossible
    return heading + lines.map { "  \($0)\n" }.joined()
  }
}
