internal import ArgumentParser
internal import CurlTransport
internal import System

/// `healthcheck`: checks the gateway for containers and scripts.
struct HealthcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "healthcheck",
    abstract: "Ask a running gateway whether it is ready.",
    discussion: "Exit codes: 0 if it is ready, 1 if it is not ready or does not answer.")

  @OptionGroup var admin: AdminOption

  func run() throws {
    let answer = try AdminAddress.get(admin.address, "/readyz?verbose")
    guard answer.status == 200 else {
      Console.report("not ready (\(answer.status)): \(answer.body)")
      throw ExitCode(ExitStatus.failed)
    }
    print("ready")
    Output.flush()
  }
}
