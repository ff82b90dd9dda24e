internal import ArgumentParser
internal import CurlTransport
internal import Gateway
internal import System
internal import TextCoding
internal import TrafficJournal

/// `traffic replay`: repeats a call.
struct TrafficReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Send a recorded call again: to a sandbox, or to SCORM Cloud with --live.",
    usage: "scorm-gateway traffic replay [<options>] <id>",
    discussion: """
      Calls that had a body, or that have a masked value in the record, are refused. Without --live, a simulated \
      SCORM Cloud and a gateway in front of it are started for this one call.
      """)

  @OptionGroup var source: TrafficSource

  @Argument(help: "The request id, as in the answer's X-Request-Id.")
  var id: String

  @Flag(help: "Send it through the running gateway (--gateway) to SCORM Cloud.")
  var live = false

  @Flag(help: "Also send calls that change something.")
  var allowWrites = false

  func run() throws {
    let body = try source.get("/api/traffic/\(PercentCoding.encode(id))")
    let found = TrafficAnswer(body)
    guard let record = found.records.first else {
      Console.report("the journal has no call with the request id \(id)")
      throw ExitCode(ExitStatus.failed)
    }
    if let reason = ReplayRule.refusal(record, allowsWrites: allowWrites) {
      Console.report("not sent again: \(reason)")
      throw ExitCode(ExitStatus.failed)
    }
    do throws(HTTPProbe.Unreachable) {
      if live {
        try send(
          record, to: source.gateway(by: found), path: ReplayRule.target(record, keepsApp: true))
      } else {
        try sendToSandbox(record)
      }
    } catch {
      Console.report("the call failed: \(error)")
      throw ExitCode(ExitStatus.failed)
    }
    Output.flush()
  }

  private func sendToSandbox(_ record: CallRecord) throws(HTTPProbe.Unreachable) {
    let demo: Demo
    do { demo = try Demo(usesFreePorts: true, tell: { $0.write() }) } catch {
      throw HTTPProbe.Unreachable(reason: error.description)
    }
    defer {
      demo.gateway.beginDraining()
      demo.gateway.end()
      demo.sandbox.stop()
    }
    print(
      "sandbox: it has none of your data, so answers differ. --live sends the call to SCORM Cloud")
    try send(
      record, to: "http://\(demo.gateway.addresses[0])",
      path: ReplayRule.target(record, keepsApp: false))
  }

  private func send(
    _ record: CallRecord, to gateway: String, path: String
  ) throws(HTTPProbe.Unreachable) {
    let method = String(decoding: CallRecord.plain(record.method), as: UTF8.self)
    let isUnix = gateway.hasPrefix("unix:")
    let answer = try HTTPProbe.ask(
      (isUnix ? "http://localhost" : gateway) + path, method: method,
      socketPath: isUnix ? String(gateway.dropFirst("unix:".count)) : nil, timeout: 120_000)
    print("\(method) \(path)")
    print("then \(record.status), now \(answer.status)")
    if !answer.body.isEmpty { print(answer.body) }
  }
}
