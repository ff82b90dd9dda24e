import AccessTokens
import Configuration
import Foundation
import Glibc
import Synchronization
import Testing
import TokenFetching

@testable import Gateway

/// A configuration that is read again while the gateway runs.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct ReloadTests {
  static func yaml(
    _ policy: String = "refuse", mode: String = "normal", extra: String = ""
  ) -> String {
    """
    apps:
      - name: main
        id: SANDBOX
        secret: {env: SCORM_SECRET_KEY}
    callers:
      - name: crm
        match: {address: 127.0.0.0/8}
        apps: [main]
        allow: ["*"]
        mode: \(mode)
    policy:
      unknownOperations: \(policy)
    \(extra)
    """
  }

  /// A configuration file for a gateway process in front of `sandbox`.
  private static func yaml(
    _ sandbox: SandboxProcess, _ secret: TemporaryFile, _ more: String
  ) -> String {
    """
    listen: [{address: 127.0.0.1:0}]
    admin: {address: 127.0.0.1:0}
    upstream: {url: "\(sandbox.url)"}
    apps: [{name: main, id: SANDBOX, secret: {file: \(secret.path)}}]
    traffic: {log: {path: /dev/null}, journal: null}
    \(more)
    """
  }

  @Test("A reload that is refused at its last step closes the log that it opened")
  func refusedLate() throws {
    let rig = try GatewayRig(yaml: Self.yaml())
    let log = try TemporaryFile("")
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    rig.gateway.tokens.stop()
    let done = try rig.reload(["traffic.log.path": log.path])
    #expect(done.problems.count == 1 && done.problems[0].hasPrefix("tokens: the thread"))
    #expect(!Self.openFiles().contains(log.path))
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
  }

  /// The paths of this process's open files.
  private static func openFiles() -> [String] {
    let folder = "/proc/self/fd"
    let files = FileManager.default
    return ((try? files.contentsOfDirectory(atPath: folder)) ?? []).compactMap {
      try? files.destinationOfSymbolicLink(atPath: folder + "/" + $0)
    }
  }

  @Test("Policy and a caller's mode are in force with the next request, on connections that stand")
  func rules() throws {
    let rig = try GatewayRig(yaml: Self.yaml(), threads: 2)
    let callers = try (0..<4).map { _ in try rig.caller() }
    for caller in callers { #expect(try caller.call("GET", "/api/v2/nothing").status == 404) }
    let done = try rig.reload(yaml: Self.yaml("forward", mode: "frozen"))
    #expect(
      done.changes == [
        "caller crm: mode normal → frozen", "policy: unknownOperations refuse → forward",
      ])
    #expect(done.problems.isEmpty)
    for caller in callers {
      #expect(
        try eventually { try caller.call("GET", "/api/v2/ping").problem == "caller-frozen" })
    }
    #expect(
      try rig.reload(yaml: Self.yaml("forward")).changes == ["caller crm: mode frozen → normal"])
    for caller in callers {
      #expect(try eventually { try caller.call("GET", "/api/v2/ping").status == 200 })
      // The sandbox has no such operation, but the gateway forwards it.
      #expect(try caller.call("GET", "/api/v2/nothing").problem == nil)
    }
    // Requests that were refused before the reload have their app too, and no scope.
    let passedOn = try rig.lines().filter {
      $0.string("url.path") == "/api/v2/nothing" && $0.string("termination") == "completed"
    }
    #expect(!passedOn.isEmpty)
    #expect(passedOn.allSatisfy { $0.string("scope") == "read" })
  }

  @Test("An exchange under way ends as it began")
  func underWay() throws {
    let gate = Gate()
    let upstream = try HostileUpstream([.request, .wait(gate), .answer(), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port, yaml: Self.yaml())
    let caller = try rig.caller()
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.heads.count == 1 })
    try rig.reload(yaml: Self.yaml(mode: "frozen"))
    let other = try rig.caller()
    #expect(try eventually { try other.call("GET", "/api/v2/ping").problem == "caller-frozen" })
    gate.open()
    #expect(try caller.answer().status == 200)
  }

  @Test("What needs a restart is refused with its key, and nothing else is taken")
  func needsRestart() throws {
    let rig = try GatewayRig(yaml: Self.yaml())
    let done = try rig.reload(
      yaml: Self.yaml("forward"), ["admin.address": "127.0.0.1:1"])
    #expect(done.changes.isEmpty)
    #expect(done.problems.count == 1)
    #expect(done.problems[0].hasPrefix("admin.address: 127.0.0.1:0 → 127.0.0.1:1 needs a restart"))
    #expect(done.text.hasPrefix("NOT RELOADED, everything is as before"))
    #expect(try rig.call("GET", "/api/v2/nothing").problem == "operation-unknown")
  }

  private static let secondApp =
    "  - name: second\n    id: X\n    secret: {env: SCORM_SECRET_KEY}\n"

  @Test("An app that is new can be used at once, and a caller that is new is known at once")
  func newApp() throws {
    let rig = try GatewayRig(yaml: Self.yaml())
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    let done = try rig.reload(
      yaml: Self.yaml()
        .replacing(
          "callers:",
          with: Self.secondApp.replacing("id: X", with: "id: SANDBOX")
            + "callers:\n  - {name: new, match: {address: 127.0.0.1/32}, apps: [second], allow: [\"*\"]}"
        ))
    #expect(done.changes == ["app second: added", "caller new: added"])
    #expect(
      try eventually {
        try caller.call("GET", "/apps/second/api/v2/ping").status == 200
      })
    #expect(
      try eventually {
        try rig.lines().contains { $0.string("app") == "second" && $0.string("caller") == "new" }
      })
  }

  @Test("Rights that the file takes away are gone at once")
  func fewerRights() throws {
    let rig = try GatewayRig(yaml: Self.yaml("forward"))
    let caller = try rig.caller()
    let done = try rig.reload(
      yaml: Self.yaml().replacing("allow: [\"*\"]", with: "allow: [\"read:*\"]"))
    #expect(
      done.changes == [
        "caller crm: allow [*] → [read:*]", "policy: unknownOperations forward → refuse",
      ])
    #expect(
      try eventually { try caller.call("DELETE", "/api/v2/courses/x").problem == "policy-refused" })
    #expect(try caller.call("GET", "/api/v2/nothing").status == 404)
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
  }

  @Test("A connection is another caller's as soon as the file says so")
  func anotherCaller() throws {
    let rig = try GatewayRig(yaml: Self.yaml())
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    let done = try rig.reload(yaml: Self.yaml().replacing("name: crm", with: "name: lms"))
    #expect(done.changes == ["caller crm: removed", "caller lms: added"])
    #expect(
      try eventually {
        _ = try caller.call("GET", "/api/v2/ping")
        return try rig.lines().last?.string("caller") == "lms"
      })
  }

  @Test("A caller that is gone from the file and matches no other one is refused")
  func goneCaller() throws {
    let rig = try GatewayRig(yaml: Self.yaml())
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    try rig.reload(
      yaml: Self.yaml().replacing("address: 127.0.0.0/8", with: "address: 10.0.0.0/8"))
    #expect(try eventually { try caller.call("GET", "/api/v2/ping").problem == "caller-unknown" })
    try rig.reload(yaml: Self.yaml())
    #expect(try eventually { try caller.call("GET", "/api/v2/ping").status == 200 })
  }

  @Test(
    "An app that is gone from the file is used for nobody, and is there again when it is back",
    arguments: [true, false])
  func goneApp(hasCallers: Bool) throws {
    let one = Self.yaml()
    let start = one.firstRange(of: "callers:")?.lowerBound ?? one.endIndex
    let end = one.firstRange(of: "policy:")?.lowerBound ?? one.endIndex
    let alone = hasCallers ? one : String(one[..<start] + one[end...])
    let anchor = hasCallers ? "callers:" : "policy:"
    let both =
      alone.replacing(anchor, with: Self.secondApp + anchor)
      .replacing("apps: [main]", with: "apps: [main, second]") + "\ndefaultApp: main"
    let rig = try GatewayRig(yaml: both)
    let caller = try rig.caller()
    func problem() throws -> String? {
      try caller.call("GET", "/apps/second/api/v2/about").problem
    }
    let before = try problem()
    #expect(before != "policy-refused" && before != "app-unknown")
    let done = try rig.reload(yaml: alone)
    #expect(done.changes.contains("app second: removed"))
    #expect(try eventually { try problem() == "app-unknown" })
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    #expect(try rig.reload(yaml: both).changes.contains("app second: added"))
    #expect(try eventually { try problem() == before })
  }

  @Test("Callers that are the first in the file shut everybody else out")
  func firstCallers() throws {
    let text = Self.yaml()
    let start = text.firstRange(of: "callers:")?.lowerBound ?? text.endIndex
    let end = text.firstRange(of: "policy:")?.lowerBound ?? text.endIndex
    let open = String(text[..<start] + text[end...])
    let rig = try GatewayRig(yaml: open)
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    try rig.reload(yaml: text.replacing("address: 127.0.0.0/8", with: "address: 10.0.0.0/8"))
    #expect(try eventually { try caller.call("GET", "/api/v2/ping").problem == "caller-unknown" })
    try rig.reload(yaml: open)
    #expect(try eventually { try caller.call("GET", "/api/v2/ping").status == 200 })
  }

  @Test("SIGHUP with a broken file keeps everything and tells every problem; a good one is taken")
  func signal() throws {
    let sandbox = try SandboxProcess()
    let secret = try TemporaryFile("sandbox-secret")
    func text(_ more: String) -> String { Self.yaml(sandbox, secret, more) }
    let file = try TemporaryFile(text(""))
    let gateway = try Command(["serve", "-c", file.path, "--threads", "1"])
    let port = try #require(gateway.port(after: "serving callers on"))
    let caller = try Wire(port: port)
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    try text("policy: {unknownOperations: sometimes}\ntypo: 1").write(
      toFile: file.path, atomically: true, encoding: .utf8)
    gateway.signal(SIGHUP)
    #expect(eventually { gateway.errors.contains("NOT RELOADED") })
    #expect(eventually { gateway.errors.contains("typo") && gateway.errors.contains("sometimes") })
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    try text("policy: {unknownOperations: forward}").write(
      toFile: file.path, atomically: true, encoding: .utf8)
    gateway.signal(SIGHUP)
    #expect(eventually { gateway.errors.contains("policy: unknownOperations refuse → forward") })
    // A changed secret file is enough, without a signal.
    try "CANARY-SECRET".write(toFile: secret.path, atomically: true, encoding: .utf8)
    #expect(eventually { gateway.errors.contains("its secret file has changed") })
    #expect(!gateway.errors.contains("CANARY"))
    gateway.signal(SIGTERM)
    #expect(gateway.exitCode == 0)
  }

  @Test("A gateway that ends takes no other configuration")
  func whileEnding() throws {
    let upstream = try HostileUpstream([.request, .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port, yaml: Self.yaml())
    // A call that does not end keeps it alive.
    let caller = try rig.caller()
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.heads.count == 1 })
    rig.gateway.beginDraining()
    let done = try rig.reload(yaml: Self.yaml("forward"))
    #expect(done.problems == ["the gateway is shutting down"] && done.changes.isEmpty)
  }

  @Test(
    "Of reloads at the same time each is done or refused, as a whole, and the last one is in force")
  func atOnce() throws {
    let rig = try GatewayRig(yaml: Self.yaml())
    let texts = ["refuse", "forward"].map { Self.yaml($0) }
    let settings = try texts.map { text in
      let file = try TemporaryFile(text)
      return try withExtendedLifetime(file) { try rig.settings(of: file.path) }
    }
    let gateway = rig.gateway
    let problems = Mutex<Set<String>>([])
    DispatchQueue.concurrentPerform(iterations: 40) { number in
      let done = gateway.reload(settings[number % 2])
      problems.withLock { $0.formUnion(done.problems) }
    }
    #expect(
      problems.withLock { $0 }.isSubset(of: [
        "another reload is in progress; try again when it is done"
      ]))
    try rig.reload(yaml: texts[1])
    #expect(try eventually { try rig.call("GET", "/api/v2/nothing").problem == nil })
    try rig.reload(yaml: texts[0])
    #expect(
      try eventually {
        try rig.call("GET", "/api/v2/nothing").problem == "operation-unknown"
      })
  }

  @Test("check --admin tells what reload then does, and a file with a mistake ends both with 78")
  func commands() throws {
    let sandbox = try SandboxProcess()
    let secret = try TemporaryFile("sandbox-secret")
    func text(_ more: String) -> String { Self.yaml(sandbox, secret, more) }
    let file = try TemporaryFile(text(""))
    let old = try TemporaryFile(text(""))
    let gateway = try Command(["serve", "-c", file.path, "--threads", "1"])
    let port = try #require(gateway.port(after: "serving callers on"))
    let admin = "127.0.0.1:\(try #require(gateway.port(after: "admin pages on")))"
    try text("policy: {unknownOperations: forward}").write(
      toFile: file.path, atomically: true, encoding: .utf8)
    let line = "policy: unknownOperations refuse → forward\n"
    for option in [["--admin", admin], ["--against", old.path]] {
      let check = try Command(["check", "-c", file.path] + option)
      #expect(check.exitCode == 0)
      #expect(check.output.hasSuffix("a reload would change:\n  \(line)"))
    }
    #expect(try Wire(port: port).call("GET", "/api/v2/nothing").status == 404)
    let reload = try Command(["reload", "--admin", admin])
    #expect(reload.exitCode == 0)
    #expect(reload.output == "reloaded:\n\(line)")
    #expect(try eventually { try Wire(port: port).call("GET", "/api/v2/nothing").problem == nil })
    let again = try Command(["check", "-c", file.path, "--admin", admin])
    #expect(again.exitCode == 0 && again.output.hasSuffix("a reload would change nothing\n"))
    try text("typo: 1").write(toFile: file.path, atomically: true, encoding: .utf8)
    let broken = try Command(["reload", "--admin", admin])
    #expect(broken.exitCode == 78)
    #expect(broken.errors.contains("typo: unknown key"))
    #expect(try Wire(port: port).call("GET", "/api/v2/nothing").problem == nil)
    gateway.signal(SIGTERM)
    #expect(gateway.exitCode == 0)
  }

  @Test(
    "A secret's file is noticed when it is written, renamed over, or swapped with its folder's link",
    arguments: ["written", "renamed", "linked"])
  func watched(how: String) throws {
    let folder = NSTemporaryDirectory() + "secrets-\(UUID().uuidString)"
    let manager = FileManager.default
    defer { try? manager.removeItem(atPath: folder) }
    for name in ["one", "two"] {
      try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    try "old".write(toFile: folder + "/one/key", atomically: false, encoding: .utf8)
    try "new".write(toFile: folder + "/two/key", atomically: false, encoding: .utf8)
    try manager.createSymbolicLink(atPath: folder + "/data", withDestinationPath: "one")
    let rig = try GatewayRig(
      yaml: "apps: [{name: main, id: SANDBOX, secret: {file: \(folder)/data/key}}]")
    var watch = rig.watch()
    watch.look()
    #expect(rig.told.all.filter { $0.contains("file has changed") }.isEmpty)
    switch how {
    case "written":
      try "new".write(toFile: folder + "/one/key", atomically: false, encoding: .utf8)
    case "renamed":
      _ = unsafe rename(folder + "/two/key", folder + "/one/key")
    default:
      try manager.createSymbolicLink(atPath: folder + "/next", withDestinationPath: "two")
      _ = unsafe rename(folder + "/next", folder + "/data")
    }
    watch.look()
    watch.look()
    #expect(rig.told.all.filter { $0.contains("file has changed") }.count == 1)
    #expect(eventually { rig.gateway.tokenListing.apps[0].secretGeneration == 2 })
    // A file that cannot be used changes nothing, and is reported once.
    try "a\nb\n".write(toFile: folder + "/data/key", atomically: false, encoding: .utf8)
    watch.look()
    watch.look()
    #expect(rig.told.all.filter { $0.contains("the old secret stays in use") }.count == 1)
    #expect(rig.gateway.tokenListing.apps[0].secretGeneration == 2)
  }

  @Test(
    "Tokens of warm scopes, and of those in use at the last stop, are there before anybody asks")
  func warm() throws {
    let state = NSTemporaryDirectory() + "warm-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: state) }
    let text = """
      apps: [{name: main, id: SANDBOX, secret: {env: SCORM_SECRET_KEY}}]
      tokens: {warm: ["read:course"], stateFile: \(state)}
      """
    func scopesThere(_ rig: GatewayRig) -> Set<String> {
      Set(rig.gateway.tokenListing.keys.filter { $0.state == .fresh }.map(\.scopes))
    }
    do {
      let rig = try GatewayRig(yaml: text)
      #expect(eventually { scopesThere(rig) == ["read:ping", "read:course"] })
      #expect(try rig.call("GET", "/api/v2/registrations").status == 200)
      rig.end()
    }
    let kept = try String(contentsOfFile: state, encoding: .utf8)
    #expect(kept.hasSuffix("main\tread:registration\n"))
    do {
      let rig = try GatewayRig(yaml: text)
      #expect(
        eventually { scopesThere(rig) == ["read:ping", "read:course", "read:registration"] })
    }
    try "main\tnonsense\n\u{0}\u{1}".write(toFile: state, atomically: true, encoding: .utf8)
    let rig = try GatewayRig(yaml: text)
    #expect(eventually { scopesThere(rig) == ["read:ping", "read:course"] })
  }
}

/// The sandbox of this process, and the address of its API.
private final class SandboxProcess {
  let service: SandboxService
  var url: String { service.apiURL }

  init() throws { service = try SandboxService(listen: .tcp(host: "127.0.0.1", port: 0)) }

  deinit { service.stop() }
}
