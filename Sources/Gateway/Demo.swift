internal import Configuration
package import CurlTransport
internal import Rules
internal import Sandbox
internal import System

/// A simulated SCORM Cloud and a gateway in front of it, both in this process and on loopback, with data, limits and a
/// journal in a temporary folder.
package struct Demo {
  package let sandbox: SandboxService
  package let gateway: GatewayProcess
  private let folder: TemporaryFolder

  /// - Parameter usesFreePorts: whether the system chooses every port; otherwise the usual ports are used if they are
  ///   free.
  package init(
    usesFreePorts: Bool, tell: @escaping @Sendable (OperatorNotice) -> Void
  ) throws(StartError) {
    let folder: TemporaryFolder
    let file: String
    do {
      folder = try TemporaryFolder("scorm-gateway-demo")
      file = "\(folder.path)/\(Demo.configurationFile)"
      try ReplacedFile.write(DemoWorld.configuration, path: file)
    } catch { throw StartError("no temporary folder: \(error)") }
    var options = SandboxOptions()
    options.settings.beginning = DemoWorld.seed
    let sandbox = try SandboxService(listen: .tcp(host: "127.0.0.1", port: 0), options: options)
    let environment = Environment([
      "SCORM_APP_ID": SandboxService.defaultApp.id,
      "SCORM_SECRET_KEY": SandboxService.defaultApp.secret,
    ])
    var overrides = [
      "upstream.url": sandbox.apiURL, "traffic.log.path": "null",
      "traffic.journal.path": "\(folder.path)/\(Demo.journalFile)",
    ]
    if usesFreePorts {
      overrides["listen.address"] = "127.0.0.1:0"
      overrides["admin.address"] = "127.0.0.1:0"
    }
    let settings: Settings
    do {
      settings = try ConfigurationSource.load(
        file: file, environment: environment, overrides: overrides
      ).settings
    } catch {
      sandbox.stop()
      Demo.remove(folder)
      throw StartError(error.description)
    }
    do throws(StartError) {
      gateway = try GatewayProcess(settings, threadCount: 1, tell: tell)
      self.sandbox = sandbox
      self.folder = folder
    } catch {
      sandbox.stop()
      Demo.remove(folder)
      guard !usesFreePorts else { throw error }
      tell(.warning("\(error); using free ports instead"))
      self = try Demo(usesFreePorts: true, tell: tell)
    }
  }

  private static let configurationFile = "gateway.yaml"
  private static let journalFile = "traffic.sqlite"

  private static func remove(_ folder: TemporaryFolder) {
    folder.remove(
      [configurationFile, journalFile]
        + ["-wal", "-shm", "-journal", FileClaim.suffix].map { journalFile + $0 })
  }

  /// Stops the sandbox and removes the temporary folder. The gateway must have ended before.
  package func stop() {
    sandbox.stop()
    Demo.remove(folder)
  }

  /// Makes some calls, so that pages and commands have something to show.
  package func makeCalls() throws(HTTPProbe.Unreachable) {
    for call in DemoWorld.calls { _ = try HTTPProbe.ask(baseURL + call) }
  }

  /// The base URL of the API that a service is configured with.
  package var baseURL: String { "http://\(gateway.addresses[0])/api/v2" }

  /// The sandbox's record of the calls so far, one line each.
  package func callsSeen() throws(HTTPProbe.Unreachable) -> [String] {
    let answer = try HTTPProbe.ask(sandbox.callsURL)
    guard let record = try? JSONValue(json: Array(answer.body.utf8)),
      let calls = record["calls"]?.elements
    else { throw HTTPProbe.Unreachable(reason: "the sandbox's record cannot be read") }
    return calls.map { call in
      let scopes = call["scopes"]?.strings.map { $0.joined(separator: " ") } ?? ""
      let credential = call["credential"]?.string ?? "none"
      return [
        call["method"]?.string ?? "", call["target"]?.string ?? "",
        "→ \(call["status"]?.integer ?? 0),",
        "credential: \(credential)" + (scopes.isEmpty ? "" : " with scope \(scopes)"),
      ].joined(separator: " ")
    }
  }

  /// Suggests what to try next.
  package var invitation: String {
    let admin = gateway.adminAddress.map { "http://\($0)" } ?? ""
    return """
      Try it:

        curl \(baseURL)/courses                        # lists courses, without a credential
        curl \(baseURL)/registrations/ada-golf         # shows a learner's progress
        curl -X POST '\(baseURL)/courses/importJobs/upload?courseId=golf' -F file=@course.zip
        curl \(baseURL)/course                         # a mistake: the error names the closest operation
        curl -H 'Origin: https://example.com' \(baseURL)/ping    # a web page: refused

      Point a client at it: base URL \(baseURL), no credential.
      See the calls so far, the limits and the tokens:

        scorm-gateway traffic        scorm-gateway limits        scorm-gateway tokens

      Admin: \(admin)/  Ready? \(admin)/readyz?verbose  What the sandbox saw: \(sandbox.callsURL)
      Ctrl-C ends it.
      """
  }
}
