import Configuration
import Foundation
import Gateway
import Synchronization
import Testing

/// If a scope of which the catalogue is not sure proves insufficient, the next one is tried.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct ScopeLadderTests {
  /// An operation with inferred scopes: `read:about`, then `read`.
  private static let inferred = "/api/v2/about"
  /// An operation with documented scopes: `read:registration` or `read`.
  private static let documented = "/api/v2/registrations/r/launchLink"
  /// An operation with inferred scopes: `write:course` or `write`.
  private static let write = "/api/v2/courses/c/asset/upload"

  @Test("After a 403 the next scope is tried, and the caller sees its answer")
  func climbs() throws {
    let upstream = try ScopedUpstream { $0.credential == "read" ? 200 : 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("GET", ScopeLadderTests.inferred)
    #expect(answer.status == 200 && answer.text.contains("\"read\""))
    #expect(upstream.credentials == ["read:about", "read"])
    let line = try #require(try rig.lines().last)
    #expect(line.attempts.map { $0.int("status") } == [403, 200])
    #expect(line.attempts.map { $0.string("retry") } == ["scope-refused", ""])
    #expect(line.attempts.last?.string("scope") == "read")
    #expect(line.string("scope") == "read:about" && line.string("termination") == "completed")
  }

  @Test("What worked is used from then on, told to the operator once, and counted")
  func remembers() throws {
    let upstream = try ScopedUpstream { $0.credential == "read" ? 200 : 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port, threads: 2)
    for _ in 0..<5 { #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 200) }
    #expect(eventually { upstream.calls.count >= 6 })
    // At most once for each of the two loops, in case one of them did not notice the change.
    #expect(upstream.credentials.filter { $0 == "read:about" }.count <= 2)
    let warnings = rig.told.all.filter { $0.contains("GetAbout") }
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("read:about") == true)
    let labels = "{app=\"main\",operation=\"GetAbout\"}"
    let climbs = try #require(try rig.metric("scorm_gateway_scope_climbs_total\(labels)"))
    #expect(climbs >= 1 && climbs <= 2)
    #expect(try rig.metric("scorm_gateway_scope_rung\(labels)") == 2)
  }

  @Test("Basic is the last rung")
  func basic() throws {
    let upstream = try ScopedUpstream { $0.credential == "basic" ? 204 : 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 204)
    #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 204)
    #expect(upstream.credentials == ["read:about", "read", "basic", "basic"])
    let lines = try rig.lines()
    #expect(lines[0].attempts.last?.string("credential") == "basic")
    #expect(lines[1].string("credential") == "basic" && lines[1].attempts.count == 1)
  }

  @Test("When every rung is refused, SCORM Cloud's 403 passes as it is and nothing is learnt")
  func allRefused() throws {
    let upstream = try ScopedUpstream { _ in 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("GET", ScopeLadderTests.inferred)
    #expect(answer.status == 403 && answer["X-Judge"] == "upstream")
    #expect(answer.text == "{\"refused or taken\":\"basic\"}" && answer["Proxy-Status"] == nil)
    #expect(upstream.credentials == ["read:about", "read", "basic"])
    // The next call begins as before, and does not climb in vain again.
    let second = try rig.call("GET", ScopeLadderTests.inferred)
    #expect(second.status == 403 && second.text == "{\"refused or taken\":\"read:about\"}")
    #expect(upstream.calls.count == 4)
    #expect(rig.told.all.allSatisfy { !$0.contains("GetAbout") })
  }

  @Test("An operation whose scope is documented never climbs: its 403 is SCORM Cloud's answer")
  func documented() throws {
    let upstream = try ScopedUpstream { _ in 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("POST", ScopeLadderTests.documented, body: "{}")
    #expect(answer.status == 403 && answer["X-Judge"] == "upstream")
    #expect(upstream.credentials == ["read:registration"])
  }

  @Test("With fixed scopes the operator has decided, and nothing climbs")
  func fixed() throws {
    let upstream = try ScopedUpstream { _ in 403 }
    defer { upstream.stop() }
    let yaml = """
      apps: [{name: main, id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}]
      tokens: {scopes: fixed, scopesList: [read]}
      """
    let rig = try GatewayRig(upstream: upstream.port, yaml: yaml)
    #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 403)
    #expect(upstream.credentials == ["read"])
  }

  @Test("With a scope for each service, the ladder goes on behind that")
  func service() throws {
    let upstream = try ScopedUpstream { $0.credential == "basic" ? 200 : 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port, ["tokens.scopes": "service"])
    #expect(try rig.call("POST", ScopeLadderTests.write, body: "x").status == 200)
    #expect(upstream.credentials == ["delete:course write:course", "write", "basic"])
  }

  @Test(
    "A body that is at hand is sent again; of a longer one the 403 passes, and the next may climb")
  func bodies() throws {
    let upstream = try ScopedUpstream { $0.credential == "write" ? 200 : 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    let long = String(repeating: "x", count: 100_000)
    #expect(try rig.call("POST", ScopeLadderTests.write, body: long).status == 403)
    #expect(upstream.credentials == ["write:course"])
    #expect(try rig.call("POST", ScopeLadderTests.write, body: "short").status == 200)
    #expect(upstream.calls.suffix(2).map(\.body) == ["short", "short"])
    #expect(try rig.call("POST", ScopeLadderTests.write, body: long).status == 200)
    #expect(upstream.credentials == ["write:course", "write:course", "write", "write"])
  }

  @Test("Calls that are refused at once climb together: one token, one line, one thing learnt")
  func together() throws {
    let arrived = Mutex(0)
    let upstream = try ScopedUpstream { call in
      if call.credential == "read" { return 200 }
      arrived.withLock { $0 += 1 }
      // All calls are refused before any climbs.
      _ = eventually { arrived.withLock { $0 } >= 20 }
      return 403
    }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port, threads: 2)
    #expect(eventually { (try? rig.tokenRequests()) == 1 })
    let callers = try (0..<20).map { _ in try rig.caller() }
    for caller in callers {
      try caller.send(Wire.request("GET", ScopeLadderTests.inferred))
    }
    for caller in callers { #expect(try caller.answer().status == 200) }
    #expect(upstream.calls.count == 40)
    // One token at the start, one for read:about, one for read.
    #expect(try rig.tokenRequests() == 3)
    #expect(rig.told.all.filter { $0.contains("GetAbout") }.count == 1)
  }

  @Test("A 401 that a fresh token does not cure is taken for a missing scope")
  func unauthorized() throws {
    let upstream = try ScopedUpstream { $0.credential == "read" ? 200 : 401 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 200)
    #expect(upstream.credentials == ["read:about", "read:about", "read"])
    #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 200)
    #expect(upstream.calls.count == 4)
    let line = try #require(try rig.lines().first)
    #expect(
      line.attempts.map { $0.string("retry") } == ["token-refused", "scope-refused", ""])
  }

  @Test("Each operation tries a fresh token before it climbs: another's refusal says nothing of it")
  func renewedInVain() throws {
    let upstream = try ScopedUpstream { $0.credential == "read" ? 200 : 401 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", "/api/v2/dispatch/destinations").status == 200)
    #expect(try rig.call("GET", "/api/v2/dispatch/dispatches").status == 200)
    #expect(
      upstream.credentials == [
        "read:dispatch", "read:dispatch", "read", "read:dispatch", "read:dispatch", "read",
      ])
    // From now on both begin with the scope that works.
    #expect(try rig.call("GET", "/api/v2/dispatch/dispatches").status == 200)
    #expect(upstream.credentials.count == 7)
  }

  @Test("A 401 to every rung is a 502 of the gateway's, never a 401")
  func unauthorizedThroughout() throws {
    let upstream = try ScopedUpstream { _ in 401 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("GET", ScopeLadderTests.inferred)
    #expect(answer.status == 502 && answer.problem == "upstream-refused-credential")
    #expect(
      upstream.credentials == ["read:about", "read:about", "read", "read", "basic"])
  }

  @Test("An error that is no refusal ends the climb and teaches nothing")
  func failure() throws {
    let upstream = try ScopedUpstream { $0.credential == "read:about" ? 403 : 500 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 500)
    #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 500)
    #expect(upstream.credentials == ["read:about", "read", "read:about", "read"])
  }

  @Test("A scope that the token endpoint refuses is passed over")
  func refusedByEndpoint() throws {
    let upstream = try ScopedUpstream { $0.credential == "read:about" ? 403 : 200 }
    defer { upstream.stop() }
    let endpoint = try HostileUpstream([
      .request, .send(ScopeLadderTests.invalidScope), .untilEnd,
    ])
    defer { endpoint.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port, ["tokens.url": "http://127.0.0.1:\(endpoint.port)/token"])
    #expect(try rig.call("GET", ScopeLadderTests.inferred).status == 200)
    #expect(upstream.credentials == ["basic"])
    // If the scope is documented, the refusal is for the operator to handle.
    #expect(try rig.call("GET", "/api/v2/ping").problem == "credential-refused")
  }

  @Test("The next rung goes over a connection that had died, and once more over a fresh one")
  func deadConnection() throws {
    let gate = Gate()
    let forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    let upstream = try HostileUpstream(
      [.request, .wait(gate), .answer(), .request, .send(forbidden), .untilEnd],
      [.request, .answer(), .request], [.request, .answer("fresh"), .untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    // Two connections are kept. The first one was used last.
    let first = try rig.caller()
    try first.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.heads.count == 1 })
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    gate.open()
    #expect(try first.answer().status == 200)
    let answer = try rig.call("GET", ScopeLadderTests.inferred)
    #expect(answer.status == 200 && answer.text == "fresh")
    let line = try #require(try rig.lines().last)
    #expect(line.attempts.map { $0.string("retry") } == ["scope-refused", "closed", ""])
  }

  private static let invalidScope =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
    + "Content-Length: 25\r\n\r\n{\"error\":\"invalid_scope\"}"
}
