import Foundation
import Gateway
import System
import Testing
import TrafficJournal

/// The commands `policy suggest` and `policy simulate`.
@Suite("policy, as a command", .ownThread, .timeLimit(.minutes(1)))
struct PolicyCommandTests {
  private static let secret = ["SECRET": "a-secret"]

  /// A log line of a minute ago.
  private static func line(
    _ operation: String, status: Int = 200, error: String? = nil, termination: String = "completed"
  ) -> String {
    let stamp = Date(timeIntervalSinceNow: -60).ISO8601Format()
    let why = error.map { ",\"error.type\":\"\($0)\"" } ?? ""
    return "{\"timestamp\":\"\(stamp)\",\"request_id\":\"a\",\"client.address\":\"127.0.0.1\","
      + "\"http.request.method\":\"GET\",\"url.path\":\"/api/v2/x\",\"caller\":\"crm\","
      + "\"app\":\"main\",\"operation\":\"\(operation)\",\"upstream\":[],"
      + "\"http.response.status_code\":\(status),\"duration\":0.1,\"queue_wait\":0,"
      + "\"token_wait\":0\(why),\"termination\":\"\(termination)\"}"
  }

  /// A folder with a journal and a configuration that names it.
  private func folder() throws -> OwnFolder {
    let folder = try OwnFolder()
    let lines = [
      Self.line("GetCourses"), Self.line("GetCourses"), Self.line("DeleteCourse"),
      Self.line("GetCourse", status: 404),
      Self.line(
        "CreateRegistration", status: 403, error: "policy-refused", termination: "gateway/policy"),
    ]
    try folder.write(lines.joined(separator: "\n") + "\n", to: "log")
    _ = try JournalImport.run(log: folder.path + "/log", journal: folder.journal, tell: { _ in })
    try folder.write(configuration(folder, allow: "[\"read:*\", DeleteCourse]"), to: "now.yaml")
    return folder
  }

  private func configuration(_ folder: OwnFolder, allow: String) -> String {
    """
    apps: [{name: main, id: A, secret: {env: SECRET}}]
    callers: [{name: crm, match: {address: 127.0.0.1}, apps: [main], allow: \(allow)}]
    traffic: {journal: {path: \(folder.journal)}}

    """
  }

  @Test("suggest reads the journal of a configuration or a file, and prints YAML, a diff or JSON")
  func suggest() throws {
    let folder = try folder()
    let file = folder.path + "/now.yaml"
    let yaml = try Command.run(["policy", "suggest", "-c", file], Self.secret)
    #expect(yaml.exitCode == 0, "\(yaml.errors)")
    #expect(yaml.output.contains(#/- GetCourses  # 2 calls, last 20/#))
    #expect(yaml.output.contains("- CreateRegistration  # NEW: refused so far, 1 call"))
    #expect(!yaml.output.contains("- GetCourse  ") && !yaml.output.contains("- DeleteCourse"))
    let diff = try Command.run(
      ["policy", "suggest", "-c", file, "--include-destructive", "--format", "diff"], Self.secret)
    #expect(
      diff.output.contains("-      - \"read:*\"") && diff.output.contains("       - DeleteCourse"))
    let json = try Command.run(
      ["policy", "suggest", "--journal", folder.journal, "--format", "json", "--exclude-refused"])
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect((object?["callers"] as? [[String: Any]])?.count == 1)
    #expect(json.output.contains("\"askedFor\":[{\"operation\":\"CreateRegistration\""))
    let later = try Command.run(
      ["policy", "suggest", "--journal", folder.journal, "--since", "1s"])
    #expect(later.exitCode == 0 && later.output.contains("callers: []"))
  }

  @Test(
    "simulate ends with 1 when somebody would be refused, 0 when nobody, 78 for a bad configuration"
  )
  func simulate() throws {
    let folder = try folder()
    try folder.write(configuration(folder, allow: "[GetCourses]"), to: "narrow.yaml")
    try folder.write("apps: 7\n", to: "bad.yaml")
    let journal = ["--journal", folder.journal]
    let narrow = try Command.run(
      ["policy", "simulate", folder.path + "/narrow.yaml"] + journal, Self.secret)
    #expect(narrow.exitCode == 1)
    #expect(narrow.output.contains(#/crm +DeleteCourse +main +1 +1 /#))
    #expect(narrow.output.contains("crm is not allowed to call DeleteCourse (callers[].allow)."))
    let wide = try Command.run(
      ["policy", "simulate", folder.path + "/now.yaml", "--format", "json"] + journal, Self.secret)
    #expect(wide.exitCode == 0 && wide.output.contains("\"refusedStill\":1,\"rows\":[]"))
    // Both files read the same secret from the same variable.
    let both = try Command.run(
      ["policy", "simulate", folder.path + "/narrow.yaml", "-c", folder.path + "/now.yaml"],
      Self.secret)
    #expect(both.exitCode == 1 && both.output == narrow.output, "\(both.errors)")
    let bad = try Command.run(
      ["policy", "simulate", folder.path + "/bad.yaml"] + journal, Self.secret)
    #expect(bad.exitCode == 78)
  }

  @Test("both ask a running gateway for its journal")
  func running() throws {
    let folder = try OwnFolder()
    let rig = try GatewayRig(["traffic.journal.path": folder.journal])
    for _ in 0..<3 { #expect(try rig.call("GET", "/api/v2/courses").status == 200) }
    #expect(eventually { rig.gateway.journalStatistics?.written ?? 0 >= 3 })
    let admin = "127.0.0.1:\(try #require(rig.gateway.adminAddress?.port))"
    let suggested = try Command.run(["policy", "suggest", "--admin", admin])
    #expect(suggested.exitCode == 0, "\(suggested.errors)")
    #expect(suggested.output.contains("- name: anonymous"))
    #expect(suggested.output.contains("- GetCourses  # 3 calls"))
    try folder.write("apps: [{name: other, id: A, secret: {env: SECRET}}]\n", to: "new.yaml")
    let simulated = try Command.run(
      ["policy", "simulate", folder.path + "/new.yaml", "--admin", admin], Self.secret)
    #expect(simulated.exitCode == 1 && simulated.output.contains("Unknown app"))
  }

  @Test("What cannot be done is told with the right exit code")
  func failures() throws {
    let missing = try Command.run(["policy", "suggest", "--journal", "/nowhere.sqlite"])
    #expect(
      missing.exitCode == 1 && missing.errors.contains("no journal exists at /nowhere.sqlite"))
    let both = try Command.run(["policy", "suggest", "--journal", "x", "--admin", "y"])
    #expect(both.exitCode == 2 && both.errors.contains("not both"))
    let diff = try Command.run(["policy", "suggest", "--format", "diff"])
    #expect(diff.exitCode == 2 && diff.errors.contains("-c FILE"))
    let since = try Command.run(["policy", "suggest", "--since", "soon"])
    #expect(since.exitCode == 2 && since.errors.contains("--since takes a time ago"))
    let folder = try folder()
    let nobody = try Command.run(
      ["policy", "suggest", "--journal", folder.journal, "--caller", "nobody"])
    #expect(nobody.exitCode == 1 && nobody.errors.contains("there is no caller nobody"))
  }
}
