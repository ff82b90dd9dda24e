internal import ArgumentParser
internal import Configuration
internal import Gateway

/// `check`: everything that a start would validate.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a configuration; every problem is told with its place.",
    discussion: "Exit code 0: it is good. 78: it is not.")

  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var file: String?

  func run() throws {
    do {
      let loaded = try ConfigurationSource.load(file: file, environment: Environment())
      for warning in loaded.warnings { Console.tell("warning: \(warning)") }
      let settings = loaded.settings
      print(
        "good: \(settings.apps.count) app(s), \(settings.callers.count) caller(s), "
          + "\(settings.limits.count) limit(s), upstream \(settings.upstream.url)")
    } catch {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
  }
}
