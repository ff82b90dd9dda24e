internal import ArgumentParser
internal import Configuration
internal import CurlTransport
internal import Gateway
internal import System

/// `demo`: runs sandbox, gateway and admin pages in one process.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract:
      "Show the gateway at work with a simulated SCORM Cloud. Needs no account and no file.",
    discussion: """
      It starts a simulated SCORM Cloud and a gateway on this machine, makes one call through the gateway, and serves \
      until Ctrl-C.
      """)

  @Flag(help: "Make the call, print it and exit.")
  var once = false

  func run() throws {
    ProcessLimits.raiseDescriptorLimit()
    let signals = try ProcessSignals()
    let demo: Demo
    do { demo = try Demo(usesFreePorts: once, tell: { $0.write() }) } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
    do throws(HTTPProbe.Unreachable) {
      try show(demo)
    } catch {
      Console.report("the demo's call failed: \(error)")
      demo.gateway.stop()
      end(demo, status: ExitStatus.failed)
      throw ExitCode(ExitStatus.failed)
    }
    Output.flush()
    if once {
      demo.gateway.beginDraining()
      end(demo, status: 0)
    } else {
      do throws(HTTPProbe.Unreachable) { try demo.makeCalls() } catch {
        Console.report("the demo's calls failed: \(error)")
      }
      print(demo.invitation)
      Output.flush()
      var loop = ServingLoop(demo.gateway, signals)
      loop.run()
      demo.stop()
    }
  }

  /// Waits for gateway and sandbox, because the process must not call exit(3) while their threads run.
  private func end(_ demo: Demo, status: Int32) {
    let hasEnded = demo.gateway.end()
    demo.stop()
    if !hasEnded { ProcessLimits.endAtOnce(status: status) }
  }

  /// Makes the call and shows both ends of it.
  private func show(_ demo: Demo) throws(HTTPProbe.Unreachable) {
    let url = "\(demo.baseURL)/ping"
    print("A service calls the gateway, without a credential:\n")
    print("  GET \(url)")
    let answer = try HTTPProbe.ask(url)
    print("  \(answer.status)  \(answer.body)\n")
    guard answer.status == 200 else {
      throw HTTPProbe.Unreachable(reason: "\(url) answered \(answer.status): \(answer.body)")
    }
    print("What the (simulated) SCORM Cloud saw:\n")
    for line in try demo.callsSeen() { print("  \(line)") }
    print("")
  }
}
