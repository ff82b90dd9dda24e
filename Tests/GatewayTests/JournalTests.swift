import Foundation
import Gateway
import System
import Testing
import TrafficJournal

@Suite("The journal of a gateway that runs", .ownThread)
struct JournalTests {
  private func admin(_ rig: GatewayRig, _ path: String) throws -> Answer {
    try Wire(port: try #require(rig.gateway.adminAddress?.port)).call("GET", path)
  }

  private func rig(_ folder: OwnFolder) throws -> GatewayRig {
    try GatewayRig(["traffic.journal.path": folder.journal])
  }

  private func wait(_ rig: GatewayRig, for count: Int) -> Bool {
    eventually { rig.gateway.journalStatistics?.written ?? 0 >= count }
  }

  @Test("has the line of every call that the log has, byte for byte, and the admin pages find it")
  func sameLines() throws {
    let folder = try OwnFolder()
    let rig = try rig(folder)
    for number in 0..<20 {
      _ = try rig.call("GET", "/api/v2/courses?more=CANARY-MORE", ["X-Request-Id: call-\(number)"])
    }
    #expect(try rig.call("GET", "/api/v2/nonsense", ["X-Request-Id: wrong"]).status == 404)
    #expect(wait(rig, for: 21))
    let page = try admin(rig, "/api/traffic?limit=1000")
    #expect(page.status == 200)
    let logged = Set(rig.log.split(separator: "\n").map(String.init))
    let kept = TrafficAnswer(page.text).records
    #expect(Set(kept.map(\.line)) == logged)
    #expect(logged.count == 21)
    #expect(try admin(rig, "/api/traffic/call-7").json["records"] as? [[String: Any]] != nil)
    #expect(
      TrafficAnswer(try admin(rig, "/api/traffic?status=404").text).records.map(\.requestID) == [
        "wrong"
      ])
    let curl = try admin(rig, "/api/traffic/call-7").json["curl"] as? [[String: Any]]
    #expect((curl?.first?["command"] as? String)?.hasPrefix("curl ") == true)
    #expect(try admin(rig, "/api/traffic/nobody").status == 404)
    #expect(try admin(rig, "/api/traffic?status=soon").status == 400)
    #expect(try admin(rig, "/api/traffic/stats?format=table").text.contains("GetCourses"))
    let archive = try admin(rig, "/api/traffic.har?limit=5").json["log"] as? [String: Any]
    #expect((archive?["entries"] as? [Any])?.count == 5)
    #expect(try rig.metric("scorm_gateway_journal_records_written_total") == 21)
    rig.end()
    #expect(!FileManager.default.fileExists(atPath: folder.journal + "-wal"))
    let content = try Data(contentsOf: URL(fileURLWithPath: folder.journal))
    for secret in ["CANARY-MORE", "sandbox-secret", "Bearer", "Basic "] {
      #expect(content.range(of: Data(secret.utf8)) == nil, "\(secret)")
    }
  }

  @Test("has what was done at the admin address, and so has the log")
  func actions() throws {
    let folder = try OwnFolder()
    let rig = try rig(folder)
    let port = try #require(rig.gateway.adminAddress?.port)
    #expect(try Wire(port: port).call("POST", "/api/tokens/renew?app=main").status == 200)
    #expect(wait(rig, for: 1))
    let record = try #require(TrafficAnswer(try admin(rig, "/api/traffic").text).records.first)
    #expect(record.path == "/api/tokens/renew" && record.query == "app=main")
    #expect(record.termination == "admin" && record.status == 200 && record.caller == nil)
    #expect(eventually { rig.log.contains(record.line) })
    let callers = try admin(rig, "/api/callers").json["callers"] as? [[String: Any]]
    #expect(callers?.first?["caller"] as? String == "anonymous")
    #expect((callers?.first?["operations"] as? [String])?.contains("PingAppId") == true)
  }

  @Test("is complete without a log as well")
  func withoutLog() throws {
    let folder = try OwnFolder()
    let rig = try GatewayRig(["traffic.journal.path": folder.journal, "traffic.log.path": "null"])
    _ = try rig.call("GET", "/api/v2/ping", ["X-Request-Id: only"])
    #expect(wait(rig, for: 1))
    #expect(TrafficAnswer(try admin(rig, "/api/traffic").text).records.map(\.requestID) == ["only"])
  }

  @Test("without one, the pages say how to get one, and no thread or file is there for it")
  func none() throws {
    let rig = try GatewayRig()
    let page = try admin(rig, "/api/traffic")
    #expect(page.status == 404)
    #expect(page.text.contains("traffic.journal.path"))
    #expect(rig.gateway.journalStatistics == nil)
    #expect(try rig.metric("scorm_gateway_journal_writable") == nil)
  }

  @Test("a launch link, which an answer brought, is in no record")
  func launchLink() throws {
    let folder = try OwnFolder()
    let rig = try rig(folder)
    let link = try rig.launchLink(learner: "CANARYNAME", exit: "https://example.com/CANARYEXIT")
    rig.end()
    let content = String(
      decoding: try Data(contentsOf: URL(fileURLWithPath: folder.journal)), as: UTF8.self)
    #expect(content.contains("BuildRegistrationLaunchLink"))
    for canary in [link, "CANARYNAME", "CANARYEXIT"] { #expect(!content.contains(canary)) }
  }

  @Test("the commands search, count, show and repeat what a gateway recorded, running or not")
  func commands() throws {
    let folder = try OwnFolder()
    let rig = try rig(folder)
    _ = try rig.call("GET", "/api/v2/ping", ["X-Request-Id: ping-1"])
    _ = try rig.call("DELETE", "/api/v2/courses/none", ["X-Request-Id: delete-1"])
    _ = try rig.call("GET", "/api/v2/courses?more=abc", ["X-Request-Id: masked-1"])
    #expect(wait(rig, for: 3))
    let address = "\(try #require(rig.gateway.adminAddress))"
    for source in [["--admin", address], ["--journal", folder.journal]] {
      let table = try Command.run(["traffic", "--since", "1h"] + source)
      #expect(table.exitCode == 0)
      #expect(table.output.contains("ping-1") && table.output.contains("PingAppId"))
      let json = try Command.run(
        ["traffic", "search", "--text", "ping", "--format", "json"] + source)
      #expect(json.output.split(separator: "\n").count == 1)
      let details = try Command.run(["traffic", "show", "ping-1"] + source)
      #expect(details.output.contains("GET /api/v2/ping"))
      let unknown = try Command.run(["traffic", "show", "nobody"] + source)
      #expect(unknown.exitCode == 1 && unknown.errors.contains("nobody"))
      let wrong = try Command.run(["traffic", "--status", "soon"] + source)
      #expect(wrong.exitCode == 2)
      let stats = try Command.run(["traffic", "stats"] + source)
      #expect(stats.output.contains("DeleteCourse"))
      let har = try Command.run(["traffic", "--har"] + source)
      #expect(try JSONSerialization.jsonObject(with: Data(har.output.utf8)) is [String: Any])
      let curl = try Command.run(["traffic", "show", "masked-1", "--curl"] + source)
      #expect(curl.output.contains("more=***") && curl.output.contains("# values"))
    }
    let source = ["--journal", folder.journal]
    let replayed = try Command.run(["traffic", "replay", "ping-1"] + source)
    #expect(replayed.exitCode == 0, "\(replayed.errors)")
    #expect(replayed.output.contains("then 200, now 200"))
    let live = try Command.run(
      ["traffic", "replay", "ping-1", "--live", "--gateway", "http://\(rig.gateway.addresses[0])"]
        + source)
    #expect(live.output.contains("then 200, now 200"))
    #expect(try rig.sandboxCalls().filter { $0.string("target").hasSuffix("/ping") }.count == 2)
    let write = try Command.run(["traffic", "replay", "delete-1"] + source)
    #expect(write.exitCode == 1 && write.errors.contains("--allow-writes"))
    let masked = try Command.run(["traffic", "replay", "masked-1"] + source)
    #expect(masked.exitCode == 1 && masked.errors.contains("masked"))
  }

  @Test("calls are found by method and by several statuses at once")
  func methodsAndStatuses() throws {
    let folder = try OwnFolder()
    let rig = try rig(folder)
    _ = try rig.call("GET", "/api/v2/ping", ["X-Request-Id: good"])
    _ = try rig.call("GET", "/api/v2/nonsense", ["X-Request-Id: unknown"])
    _ = try rig.call("DELETE", "/api/v2/courses/none", ["X-Request-Id: delete"])
    #expect(wait(rig, for: 3))
    func found(_ query: String) throws -> [String] {
      TrafficAnswer(try admin(rig, "/api/traffic?" + query).text).records.map(\.requestID).sorted()
    }
    #expect(try found("method=DELETE") == ["delete"])
    #expect(try found("method=GET&status=2xx,5xx") == ["good"])
    #expect(try found("status=200,4xx") == ["delete", "good", "unknown"])
    #expect(try found("method=PUT").isEmpty)
    for wrong in ["status=4xx,", "status=,", "status=2xx,soon"] {
      #expect(try admin(rig, "/api/traffic?\(wrong)").status == 400)
    }
    let counted = try admin(rig, "/api/traffic/stats?method=DELETE").json["all"] as? [String: Any]
    #expect(counted?["calls"] as? Int == 1)
  }

  @Test("follow waits for a gateway that restarts, says so once, and goes on where it was")
  func followsOverARestart() throws {
    let folder = try OwnFolder()
    let first = try rig(folder)
    let port = try #require(first.gateway.adminAddress?.port)
    let follow = try Command([
      "traffic", "follow", "--format", "json", "--admin", "127.0.0.1:\(port)",
    ])
    // Calls before its first request are not followed.
    var calls = 0
    #expect(
      eventually {
        calls += 1
        _ = try? first.call("GET", "/api/v2/ping", ["X-Request-Id: before"])
        return follow.output.contains("before")
      })
    first.end()
    #expect(eventually { follow.errors.contains("waiting for it") })
    let second = try GatewayRig([
      "traffic.journal.path": folder.journal, "admin.address": "127.0.0.1:\(port)",
    ])
    _ = try second.call("GET", "/api/v2/ping", ["X-Request-Id: after"])
    #expect(eventually { follow.output.contains("after") }, "\(follow.errors)")
    #expect(follow.errors.split(separator: "\n").count == 2, "\(follow.errors)")
  }

  @Test("a command that repeats a call names the gateway that took it, at a port or a Unix socket")
  func commandsNameTheGateway() throws {
    let folder = try OwnFolder()
    let path = NSTemporaryDirectory() + "u\(UUID().uuidString.prefix(8))"
    let byPort = try rig(folder)
    _ = try byPort.call("GET", "/api/v2/ping", ["X-Request-Id: by-port"])
    try byPort.caller().send("BROKEN\r\n\r\n")
    #expect(wait(byPort, for: 2))
    let port = byPort.gateway.addresses[0].port
    let admin = try #require(byPort.gateway.adminAddress)
    // As shown in a browser's address bar.
    let commands = try Command.run(["traffic", "--curl", "--admin", "http://\(admin)/"])
    #expect(commands.exitCode == 0)
    #expect(commands.output.contains("'http://127.0.0.1:\(port)/api/v2/ping'"))
    #expect(commands.output.contains("cannot be repeated") && !commands.output.contains("-X ''"))
    let live = try Command.run(["traffic", "replay", "by-port", "--live", "--admin", "\(admin)"])
    #expect(live.output.contains("then 200, now 200"), "\(live.errors)")
    byPort.end()
    let bySocket = try GatewayRig([
      "traffic.journal.path": folder.journal, "listen.address": "unix:\(path)",
    ])
    let address = "\(try #require(bySocket.gateway.adminAddress))"
    let other = try Command.run(["traffic", "show", "by-port", "--curl", "--admin", address])
    #expect(other.output.contains("--unix-socket '\(path)'"))
    let replayed = try Command.run(["traffic", "replay", "by-port", "--live", "--admin", address])
    #expect(replayed.output.contains("then 200, now 200"), "\(replayed.errors)")
  }

  @Test("health is answered at once while a search takes its time")
  func besideSearches() throws {
    let folder = try OwnFolder()
    let rig = try rig(folder)
    _ = try rig.call("GET", "/api/v2/ping")
    #expect(eventually { rig.log.contains("\n") })
    let line = String(try #require(rig.log.split(separator: "\n").first))
    let stamp = try #require(line.split(separator: "\"").dropFirst(3).first.map(String.init))
    let log = try TemporaryFile(
      (0..<60_000).map { number in
        let digits = String(number % 1_000_000 + 1_000_000).dropFirst()
        return line.replacing(stamp, with: "2026-11-24T0\(number % 10):00:00.\(digits)Z")
      }.joined(separator: "\n") + "\n")
    _ = try JournalImport.run(log: log.path, journal: folder.journal, tell: { _ in })
    let slow = try Wire(port: try #require(rig.gateway.adminAddress?.port))
    try slow.send(Wire.request("GET", "/api/traffic/stats?text=ping"))
    for _ in 0..<20 {
      let began = ContinuousClock.now
      #expect(try admin(rig, "/healthz").status == 200)
      #expect(began.duration(to: .now) < .seconds(1))
    }
    #expect(try slow.answer().status == 200)
  }
}
