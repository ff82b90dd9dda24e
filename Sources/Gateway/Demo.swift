internal import Configuration
package import CurlTransport
internal import EventLoop
internal import Sandbox

/// A simulated SCORM Cloud and a gateway in front of it, in this process, on loopback.
package struct Demo {
  package let sandbox: SandboxService
  package let gateway: GatewayProcess

  /// - Parameter usesFreePorts: let the system choose every port; else the usual ones, where they are free.
  package init(
    usesFreePorts: Bool, tell: @escaping @Sendable (String) -> Void
  ) throws(StartError) {
    let sandbox = try SandboxService(listen: .tcp(host: "127.0.0.1", port: 0))
    let environment = Environment([
      "SCORM_APP_ID": SandboxService.defaultApp.id,
      "SCORM_SECRET_KEY": SandboxService.defaultApp.secret,
    ])
    var overrides = ["upstream.url": sandbox.apiURL, "traffic.log.path": "null"]
    if usesFreePorts {
      overrides["listen.address"] = "127.0.0.1:0"
      overrides["admin.address"] = "127.0.0.1:0"
    }
    let settings: Settings
    do {
      settings = try ConfigurationSource.load(
        file: nil, environment: environment, overrides: overrides
      ).settings
    } catch { throw StartError(error.description) }
    do throws(StartError) {
      gateway = try GatewayProcess(settings, threadCount: 1, tell: tell)
      self.sandbox = sandbox
    } catch {
      sandbox.stop()
      guard !usesFreePorts else { throw error }
      tell("\(error); using free ports instead")
      self = try Demo(usesFreePorts: true, tell: tell)
    }
  }

  /// What a service is given as the API's base URL.
  package var baseURL: String { "http://\(gateway.addresses[0])/api/v2" }

  /// The sandbox's record of the calls so far, a line each.
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

  /// What to try next.
  package var invitation: String {
    let admin = gateway.adminAddress.map { "http://\($0)" } ?? ""
    return """
      Try it:

        curl \(baseURL)/courses                        # lists courses; no credential anywhere
        curl -X POST '\(baseURL)/courses/importJobs/upload?courseId=golf' -F file=@course.zip
        curl \(baseURL)/course                         # a mistake: the error names the closest operation
        curl -H 'Origin: https://example.com' \(baseURL)/ping    # a web page: refused

      Point a client at it: base URL \(baseURL), no credential.
      Admin: \(admin)/  Ready? \(admin)/readyz?verbose  What the sandbox saw: \(sandbox.callsURL)
      Ctrl-C ends it.
      """
  }
}
