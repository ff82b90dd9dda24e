internal import ArgumentParser
internal import Gateway
internal import Glibc
internal import System

/// The command line. Each subcommand is in a separate file.
struct ScormGateway: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scorm-gateway",
    abstract: "Lets services call the SCORM Cloud API without holding a secret.",
    discussion: """
      Services send plain HTTP to the gateway. It adds a credential with the least scope that each call needs, and \
      relays the call to SCORM Cloud.

      To see it at work, without an account: scorm-gateway demo
      """,
    version: "scorm-gateway \(GatewayVersion.full)",
    subcommands: [
      DemoCommand.self, ServeCommand.self, SandboxCommand.self, CheckCommand.self,
      DoctorCommand.self,
      ExplainCommand.self, OperationsCommand.self, TokensCommand.self, LimitsCommand.self,
      JobsCommand.self, ModeCommand.self, ReloadCommand.self, PolicyCommand.self,
      TrafficCommand.self,
      HealthcheckCommand.self,
    ])
}

/// Exit codes: docs/operations.md.
enum ExitStatus {
  static let failed: Int32 = 1
  static let usage: Int32 = 2
  /// SCORM Cloud cannot be reached (`doctor`).
  static let unreachable: Int32 = 69
  static let badConfiguration: Int32 = 78
}

@main
enum Main {
  static func main() {
    guard ProcessStart.fillStandardDescriptors() else { exit(ExitStatus.failed) }
    // Without arguments every command would print help and appear to succeed.
    guard let arguments = ProcessStart.arguments else {
      Console.report("the system passed no arguments, not even the program's name")
      exit(ExitStatus.usage)
    }
    ProcessLimits.forbidKeyLogs()
    do {
      if let serving = Serving(plainly: arguments[...]) {
        try serving.run()
      } else {
        var command = try ScormGateway.parseAsRoot(arguments)
        try command.run()
      }
    } catch {
      let code = ScormGateway.exitCode(for: error)
      let text = Console.fitted(ScormGateway.fullMessage(for: error))
      if code == .success || code == .validationFailure,
        let unknown = UnknownCommand.text(in: CommandLine.arguments.dropFirst())
      {
        Console.tell(unknown)
        exit(ExitStatus.usage)
      }
      if code == .success {
        if !text.isEmpty { print(text) }
        exit(0)
      }
      if !text.isEmpty { Console.tell(text) }
      exit(code == .validationFailure ? ExitStatus.usage : code.rawValue)
    }
  }
}

enum Version {
  static let text = GatewayVersion.text
}
