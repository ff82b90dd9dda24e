internal import ArgumentParser
internal import Configuration
internal import Gateway
internal import Rules
internal import System

/// `check`: validates everything that a start would validate.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a configuration, and list every problem with its place.",
    discussion: """
      Finds everything that would stop `serve` for the user who runs this command, including folders and files that \
      cannot be written and addresses that this machine does not have. Ports in use are not reported.

      With --against or --admin it also shows what a reload would change, one line per change. A running gateway does \
      not reveal its secrets, so secrets are not compared with --admin.

      Exit codes: 0 if the configuration is good, 78 if it has problems or a reload would refuse it.
      """)

  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var file: String?

  @Option(help: "Another configuration file (YAML): show what changes from it to this one.")
  var against: String?

  @Option(
    help:
      "Admin address of a running gateway (host:port or unix:/path): show what a reload would change there."
  )
  var admin: String?

  @OptionGroup var tls: AdminTLSOption

  func validate() throws {
    guard against == nil || admin == nil else {
      throw ValidationError(
        "Compare with a file (--against) or with a running gateway (--admin), not with both.")
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
      "good: \(settings.contents), upstream \(settings.upstream.url)")
    let changes = try changes(to: settings, environment)
    if let changes { print(CheckCommand.text(changes), terminator: "") }
    Output.flush()
    guard changes?.impossible.isEmpty ?? true else { throw ExitCode(ExitStatus.badConfiguration) }
  }

  /// The changes that a reload would make; nil if there is nothing to compare with.
  private func changes(
    to settings: Settings, _ environment: Environment
  ) throws -> SettingsChanges? {
    if let against {
      do {
        let old = try ConfigurationSource.load(file: against, environment: environment).settings
        return SettingsChanges(from: old, to: settings)
      } catch {
        Console.tell("the configuration to compare with has problems:\n\(error.description)")
        throw ExitCode(ExitStatus.badConfiguration)
      }
    }
    guard let admin else { return nil }
    let address = AdminTarget(AdminAddress.chosen(admin, environment), tls.files)
    let answer = try AdminAddress.get(address, "/api/configuration?format=table")
    guard let running = ConfigurationText(reading: try AdminAddress.body(of: answer)) else {
      Console.report(
        "\(address) did not answer with a configuration; is it a gateway's admin address?")
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
