internal import ArgumentParser
internal import CurlTransport
internal import EventLoop

/// `healthcheck`: for containers and scripts.
struct HealthcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "healthcheck",
    abstract: "Ask a running gateway whether it is ready.",
    discussion: "Exit code 0: it is. 1: it is not, or it does not answer.")

  @Option(help: "The gateway's admin address: host:port or unix:/path.")
  var admin = "127.0.0.1:9901"

  func run() throws {
    let isUnix = admin.hasPrefix("unix:")
    let url = isUnix ? "http://localhost/readyz?verbose" : "http://\(admin)/readyz?verbose"
    let answer: HTTPProbe.Answer
    do {
      answer = try HTTPProbe.get(url, socketPath: isUnix ? String(admin.dropFirst(5)) : nil)
    } catch {
      Console.report("no answer from the admin address: \(error)")
      throw ExitCode(ExitStatus.failed)
    }
    guard answer.status == 200 else {
      Console.report("not ready (\(answer.status)): \(answer.body)")
      throw ExitCode(ExitStatus.failed)
    }
    print("ready")
    Output.flush()
  }
}
