internal import ArgumentParser
internal import Configuration
internal import EventLoop
internal import Gateway

/// `sandbox`: only the simulated SCORM Cloud.
struct SandboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox",
    abstract: "Run a simulated SCORM Cloud.",
    discussion: """
      It checks credentials, issues tokens and enforces their scopes for every operation, and keeps what
      it is given in memory. App SANDBOX has the secret sandbox-secret; app SANDBOX-MANAGEMENT, for App
      Management, has sandbox-management-secret.
      """)

  @Option(help: "Address to listen on; port 0 lets the system choose.")
  var listen = "127.0.0.1:8090"

  func run() throws {
    guard let address = ListenAddress(listen) else {
      throw ValidationError("--listen takes an address like 127.0.0.1:8090 or unix:/path.")
    }
    let signals = try ProcessSignals()
    let sandbox: SandboxService
    do { sandbox = try SandboxService(listen: address) } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
    print("simulated SCORM Cloud at \(sandbox.apiURL)")
    print("calls it gets: \(sandbox.callsURL)")
    Output.flush()
    while true {
      if case .terminate = signals.next() { break }
    }
    sandbox.stop()
  }
}
