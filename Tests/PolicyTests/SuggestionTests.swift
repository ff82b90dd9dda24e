import Configuration
import Foundation
import SCORMCloudAPI
import System
import Testing
import TrafficLog

@testable import Policy

@Suite("policy suggest")
struct SuggestionTests {
  private func suggest(
    _ records: [TrafficRecord], _ callers: String? = nil, destructive: Bool = false,
    excludesRefused: Bool = false, caller: String? = nil
  ) throws -> PolicySuggestion {
    var wish = PolicySuggestion.Wish()
    wish.caller = caller
    wish.includesDestructive = destructive
    wish.excludesRefused = excludesRefused
    return try PolicySuggestion(
      tally(records), against: callers.map { try settings($0) }, wish: wish, now: now)
  }

  private func names(_ suggestion: PolicySuggestion) -> [String] {
    suggestion.callers.flatMap { $0.allow.map(\.text) }
  }

  @Test("grants a group only where every operation of it was called")
  func groups() throws {
    let reads = OperationTable.all.filter { $0.service == .ping && $0.access == .read }
    let courses = OperationTable.all.filter { $0.service == .learner }
    #expect(courses.count > 1)
    let access = try #require(courses.first).access
    let group = courses.filter { $0.access == access }.map(\.name.description)
    let rule = "\(access.name):learner"
    let all = try suggest(group.map { .call($0) }, destructive: true)
    #expect(names(all) == (group.count > 1 ? [rule] : group))
    let few = try suggest(group.dropLast().map { .call($0) }, destructive: true)
    #expect(!names(few).contains(rule))
    // A group with a single operation is written as the operation.
    #expect(reads.count == 1)
    #expect(try names(suggest([.call("PingAppId")])) == ["PingAppId"])
  }

  @Test(
    "never grants *, although every operation was called: that would grant what is in no catalogue")
  func everything() throws {
    let records = OperationTable.all.map {
      TrafficRecord.call($0.name.description, app: "main")
    }
    #expect(try Set(names(suggest(records, destructive: true))) == ["read:*", "write:*"])
  }

  @Test("leaves out what erases something unless that is asked for, and says so")
  func destructive() throws {
    let records: [TrafficRecord] = [.call("GetCourses"), .call("DeleteCourse", method: "DELETE")]
    let without = try suggest(records)
    #expect(names(without) == ["GetCourses"])
    #expect(
      without.yaml.contains("# left out, it deletes something: DeleteCourse on main, 1 call,"))
    #expect(without.yaml.contains("--include-destructive suggests them too"))
    #expect(without.callers.first?.mode == .readOnly)
    let with = try suggest(records, destructive: true)
    #expect(names(with) == ["DeleteCourse", "GetCourses"])
    #expect(with.callers.first?.mode == .normal)
    #expect(with.yaml.contains("Operations that delete something are included"))
  }

  @Test("marks what was refused so far, and leaves it out when that is wished")
  func refused() throws {
    let records: [TrafficRecord] = [.call("GetCourses"), .refused("CreateRegistration")]
    let marked = try suggest(records).yaml
    #expect(marked.contains("- CreateRegistration  # NEW: refused so far, 1 call, last "))
    let without = try suggest(records, excludesRefused: true)
    #expect(names(without) == ["GetCourses"])
    #expect(without.yaml.contains("left out, refused so far: CreateRegistration on main"))
  }

  @Test("grants nothing that no grant would allow, and tells why")
  func outOfReach() throws {
    let callers = "callers: [{name: crm, match: {address: 10.0.0.1}, apps: [main], allow: []}]"
    let records: [TrafficRecord] = [
      .call("GetCourses"),
      .call(
        "CreateCredential", app: "management", status: 403, error: "sensitive-operation-refused",
        termination: "gateway/policy", method: "POST"),
      .call("GetCourses", app: "gone"),
      .refused("GetCourse", app: "management"),
      .call(nil), .call(nil, status: 204, method: "OPTIONS"),
    ]
    let suggestion = try suggest(records, callers)
    #expect(names(suggestion) == ["GetCourses"])
    let caller = try #require(suggestion.callers.first)
    #expect(caller.apps.map(\.text) == ["main"])
    #expect(
      caller.outOfReach.map(\.operation) == [
        "(outside the catalogue)", "CreateCredential", "GetCourse", "GetCourses",
      ])
    #expect(caller.outOfReach.map(\.calls.calls) == [1, 1, 1, 1])
    let yaml = suggestion.yaml
    #expect(yaml.contains("only \"*\" grants such paths"))
    #expect(yaml.contains("There is no app gone in the configuration."))
    #expect(yaml.contains("which callers may not receive"))
    // Without a configuration it is assumed to be still refused.
    let unknown = try suggest(records)
    #expect(!names(unknown).contains("CreateCredential"))
    #expect(unknown.yaml.contains("policy.sensitiveForwarded would allow it"))
    // If the policy lets it pass, it is granted like any other.
    let passed = try suggest(
      records, callers + "\npolicy: {sensitiveForwarded: [CreateCredential]}")
    #expect(names(passed) == ["CreateCredential", "GetCourses"])
  }

  @Test(
    "keeps the order of apps, so that the default stays what it is, and all that calls say nothing about"
  )
  func keeps() throws {
    let callers = """
      listen: [{address: 127.0.0.1:8080}, {address: '127.0.0.1:8081'}]
      callers:
        - name: crm
          match: {address: 'fd00:1::/32', listener: 127.0.0.1:8081}
          apps: [second, main]
          allow: ['*']
          priority: batch
          weight: 7
      """
    let records: [TrafficRecord] = [
      .call("GetCourses", app: "main"), .call("CreateCourseFile", app: "second", method: "POST"),
      .call("CreateRegistration", app: "second", method: "POST"),
    ]
    let suggestion = try suggest(records.filter { $0.operation != "CreateCourseFile" }, callers)
    let before = try #require(try settings(callers).callers.first)
    let listen = "listen: [{address: 127.0.0.1:8080}, {address: '127.0.0.1:8081'}]\n"
    let after = try #require(try settings(listen + suggestion.yaml).callers.first)
    #expect(after.match == before.match && after.apps == ["second", "main"])
    #expect(after.priority == .batch && after.weight == 7 && after.mode == .normal)
    #expect(
      after.allow == [.operation("GetCourses"), .operation("CreateRegistration")]
        || after.allow == [.operation("CreateRegistration"), .operation("GetCourses")])
  }

  @Test("keeps a mode that an operator has set", arguments: ["read-only", "dry-run", "frozen"])
  func mode(_ mode: String) throws {
    let callers = """
      callers: [{name: crm, match: {address: 10.0.0.1}, apps: [main], allow: ['*'], mode: \(mode)}]
      """
    let suggestion = try suggest([.refused("CreateRegistration")], callers)
    #expect(suggestion.callers.first?.mode.rawValue == mode)
    #expect(suggestion.yaml.contains("mode \(mode) is kept, so its writes stay refused"))
    #expect(try settings(suggestion.yaml).callers.first?.mode.rawValue == mode)
  }

  @Test("ends a permissive mode, which is there to learn")
  func permissive() throws {
    let callers = """
      callers: [{name: crm, match: {address: 10.0.0.1}, apps: [main], allow: [], mode: permissive}]
      """
    let suggestion = try suggest(
      [
        .call("CreateRegistration", method: "POST", wouldDeny: true), .call("GetCourses"),
        .call("GetCourses", wouldDeny: true), .call("GetCourse", status: 404, wouldDeny: true),
      ], callers)
    #expect(names(suggestion) == ["GetCourses", "CreateRegistration"])
    #expect(suggestion.yaml.contains(#/- CreateRegistration  # NEW: 1 call, last .*; would have/#))
    #expect(
      suggestion.yaml.contains(#/- GetCourses  # 2 calls, last .*; would have been denied 1 ti/#))
    let applied = try #require(try settings(suggestion.yaml).callers.first)
    #expect(applied.mode == .normal && suggestion.diff.contains("-    mode: permissive"))
    let simulation = try PolicySimulation(
      tally([.call("GetCourses"), .call("GetCourses", app: "second")]), under: settings(callers))
    #expect(simulation.passing == 1 && simulation.refused == 1)
  }

  @Test("tells which grants are not used, and when they were used last")
  func unused() throws {
    let callers = """
      callers:
        - name: crm
          match: {address: 10.0.0.1}
          apps: [main, second]
          allow: ["read:course", GetRegistration, PingAppId]
      """
    let records: [TrafficRecord] = [
      .call("GetCourses"), .call("PingAppId", at: now - 40 * day),
      .call("GetRegistration", status: 404),
    ]
    let suggestion = try suggest(records, callers)
    let yaml = suggestion.yaml
    let stamp = PolicySuggestion.instant(now - 40 * day)
    #expect(yaml.contains("granted: PingAppId: not used; last \(stamp)"))
    #expect(yaml.contains("granted: GetRegistration: not used; no recorded call"))
    #expect(yaml.contains("granted: app second: not used; no recorded call"))
    #expect(yaml.contains(#/granted: read:course: 1 of its \d+ operations are used/#))
    #expect(names(suggestion) == ["GetCourses"])
  }

  @Test("as a diff shows the lines that go and that come")
  func diff() throws {
    let callers = """
      callers:
        - {name: crm, match: {address: 10.0.0.1}, apps: [main, second], allow: ["read:*"]}
        - {name: idle, match: {address: 10.0.0.2}, apps: [main], allow: ["*"]}
      """
    let diff = try suggest([.call("GetCourses")], callers).diff
    let lines = diff.split(separator: "\n").map { $0.split(separator: "  # ")[0] }
    #expect(
      lines.filter { !$0.hasPrefix("#") } == [
        "--- callers, as they are", "+++ callers, as suggested",
        "   - name: crm", "     match: {address: \"10.0.0.1\"}", "     apps:", "       - main",
        "-      - second", "     allow:", "-      - \"read:*\"", "+      - GetCourses",
        "+    mode: read-only",
      ])
    #expect(diff.contains("-      - second  # not used; no recorded call"))
    #expect(diff.contains("# Nothing is suggested for idle: it made no call that succeeded"))
  }

  @Test("warns when the record is short, or has few calls")
  func warnings() throws {
    #expect(try suggest([.call("GetCourses")]).warnings.count == 2)
    let many = (0..<1_000).map { _ in TrafficRecord.call("GetCourses") }
    #expect(try suggest(many).warnings.map { $0.contains("covers 24 h") } == [true])
    #expect(try suggest(many + [.call("GetCourses", at: now - 8 * day)]).warnings.isEmpty)
    #expect(try suggest([]).yaml.contains("callers: []"))
  }

  @Test("names the scopes that tokens need, or those that are fixed")
  func scopes() throws {
    let records: [TrafficRecord] = [
      .call("GetCourses"), .call("CreateRegistration", method: "POST"), .call("PingAppId"),
    ]
    #expect(
      try suggest(records).yaml.contains("# scopes: read:course read:ping write:registration"))
    let fixed = try suggest(records, "tokens: {scopes: fixed, scopesList: [read, write]}")
    #expect(fixed.yaml.contains("# scopes: read write\n"))
  }

  @Test("can be asked for one caller, and says when there is none of that name")
  func oneCaller() throws {
    let records: [TrafficRecord] = [.call("GetCourses"), .call("GetCourse", caller: "lms")]
    #expect(try names(suggest(records, caller: "lms")) == ["GetCourse"])
    #expect(throws: PolicyProblem.self) { try suggest(records, caller: "nobody") }
  }

  @Test("writes names that YAML would read as something else in quotation marks")
  func scalars() {
    for text in ["null", "No", "1e3", "0x10", "a.b", "read:*", "*", "a:", "-a", "", "a b"] {
      #expect(CallerLines.scalar(text) == "\"\(text)\"")
    }
    for text in ["crm", "read:course", "a-b_c9"] { #expect(CallerLines.scalar(text) == text) }
  }

  @Test("is JSON for scripts, with the same figures")
  func json() throws {
    let text = try suggest([.call("GetCourses"), .call("GetCourses"), .refused("GetCourse")]).json
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let caller = try #require((object["callers"] as? [[String: Any]])?.first)
    #expect(caller["caller"] as? String == "crm" && caller["mode"] as? String == "read-only")
    let allow = try #require(caller["allow"] as? [[String: Any]])
    #expect(allow.map { $0["grant"] as? String } == ["GetCourse", "GetCourses"])
    #expect(allow.map { $0["calls"] as? Int } == [0, 2])
    #expect(allow.map { $0["isNew"] as? Bool } == [true, false])
  }
}

@Suite("policy simulate")
struct SimulationTests {
  private static let narrow = """
    callers:
      - {name: crm, match: {address: 10.0.0.1}, apps: [main], allow: [GetCourses]}
      - {name: reader, match: {address: 10.0.0.2}, apps: [main], allow: ["*"], mode: read-only}
    """

  @Test("tells who would be refused, how often, for which operation and why, and when last")
  func rows() throws {
    let records: [TrafficRecord] = [
      .call("GetCourses"), .call("GetCourses"), .call("GetCourse"), .call("GetCourse", status: 404),
      .call("GetCourse", at: now - 2 * day), .call("GetCourses", app: "second"),
      .call("CreateRegistration", caller: "reader", method: "POST"),
      .call("GetCourses", caller: "gone"), .refused("GetCourses"), .refused("GetCourse"),
      .call(nil, method: "GET"),
    ]
    let simulation = try PolicySimulation(tally(records), under: settings(Self.narrow))
    #expect(simulation.refusesSomebody)
    #expect(simulation.passing == 2 && simulation.refused == 7)
    #expect(simulation.allowed == 1 && simulation.refusedStill == 1)
    let first = try #require(simulation.rows.first)
    #expect(first.caller == "crm" && first.operation == "GetCourse" && first.calls.calls == 3)
    #expect(first.succeeded == 2 && first.calls.last == now - day)
    #expect(first.reason == "crm is not allowed to call GetCourse (callers[].allow).")
    let reasons = simulation.rows.map(\.reason)
    #expect(reasons.contains("crm may not use the app second (callers[].apps)."))
    #expect(reasons.contains("reader is in mode read-only, and CreateRegistration writes."))
    #expect(reasons.contains("callers[] has no such caller."))
    #expect(reasons.contains { $0.hasPrefix("SCORM Cloud has no such operation") })
    let table = simulation.table(in: .columns(80))
    #expect(table.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(table.contains(": 7 that passed would be"))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(simulation.json.utf8)) as? [String: Any])
    #expect(object["refused"] as? Int == 7 && (object["rows"] as? [Any])?.count == 5)
  }

  @Test("refuses nobody where nothing was called, and where there are no callers[]")
  func nobody() throws {
    #expect(try !PolicySimulation(tally([]), under: settings("")).refusesSomebody)
    let open = try PolicySimulation(
      tally([.call("GetCourses", caller: "whoever"), .call("DeleteCourse")]), under: settings(""))
    #expect(!open.refusesSomebody && open.passing == 2)
  }

  @Test("lets paths that no catalogue has pass where the configuration does, by their method")
  func unknown() throws {
    let callers = """
      policy: {unknownOperations: forward}
      callers: [{name: crm, match: {address: 10.0.0.1}, apps: [main], allow: ["*"], mode: read-only}]
      """
    let simulation = try PolicySimulation(
      tally([.call(nil), .call(nil, method: "POST")]), under: settings(callers))
    #expect(simulation.passing == 1 && simulation.rows.map(\.calls.calls) == [1])
  }
}
