import Foundation
import Gateway
import System
import Testing

/// The tokens of a running gateway: shown, renewed and dropped, over HTTP and with the command.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct TokenPagesTests {
  private func admin(
    _ rig: GatewayRig, _ method: String, _ target: String, _ fields: [String] = []
  ) throws -> Answer {
    try Wire(port: try #require(rig.gateway.adminAddress?.port)).call(method, target, fields)
  }

  /// The record of a token; nil if it is not listed.
  private func record(_ rig: GatewayRig, _ scope: String) throws -> [String: Any]? {
    let rows = try admin(rig, "GET", "/api/tokens").json["tokens"] as? [[String: Any]]
    return rows?.first { $0.string("scope") == scope }
  }

  @Test("The listing tells of each token what an operator asks for, and nothing of what it is")
  func listing() throws {
    let rig = try GatewayRig(yaml: CredentialTests.withManagement)
    for _ in 0..<3 { #expect(try rig.call("GET", "/api/v2/courses").status == 200) }
    let answer = try admin(rig, "GET", "/api/tokens")
    #expect(answer["Content-Type"] == "application/json" && answer["Cache-Control"] == "no-store")
    let token = try #require(try record(rig, "read:course"))
    #expect(token.string("app") == "main" && token.string("state") == "fresh")
    #expect(token.int("uses") == 3 && token["inUse"] as? Bool == true)
    #expect(token.double("age") >= 0 && token.double("age") < 60)
    #expect(token.double("remaining") > 800 && token.double("next") > 600)
    #expect((token["fetches"] as? [String: Int]) == ["ok": 1] && token["error"] == nil)
    #expect(answer.json.double("runway") > 800)
    let apps = try #require(answer.json["apps"] as? [[String: Any]])
    #expect(apps.map { $0.string("app") } == ["main", "management"])
    // Tokens that no call has needed are listed only on request.
    #expect(try record(rig, "delete:xapipipe") == nil)
    let all = try admin(rig, "GET", "/api/tokens?all=true&app=main")
    #expect(
      all.text.contains("delete:xapipipe") && !all.text.contains("\"app\":\"management\",\"scope\"")
    )
    #expect(token.string("fingerprint") == (try rig.lines().last?.string("token_fingerprint")))
  }

  @Test("The table says the same to people")
  func table() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let answer = try admin(rig, "GET", "/api/tokens?format=table&scope=read:course")
    #expect(answer["Content-Type"] == "text/plain; charset=utf-8")
    let lines = answer.text.split(separator: "\n")
    #expect(lines.first?.hasPrefix("APP") == true)
    #expect(lines[1].hasPrefix("main") && lines[1].contains("read:course"))
    #expect(lines[1].contains("fresh") && !answer.text.contains("read:ping"))
    #expect(answer.text.contains("Without the token endpoint"))
  }

  @Test("Renewing fetches one token anew while the old one is served; the others stay")
  func renew() throws {
    let rig = try GatewayRig()
    for path in ["/api/v2/courses", "/api/v2/registrations"] {
      #expect(try rig.call("GET", path).status == 200)
    }
    let before = try #require(try record(rig, "read:course")).string("fingerprint")
    let requests = try rig.tokenRequests()
    let answer = try admin(rig, "POST", "/api/tokens/renew?app=main&scope=read:course")
    #expect(answer.status == 200)
    #expect(
      (answer.json["renewed"] as? [[String: String]]) == [
        ["app": "main", "scope": "read:course"]
      ])
    #expect(
      try eventually {
        let now = try record(rig, "read:course")?.string("fingerprint") ?? ""
        return !now.isEmpty && now != before
      })
    #expect(try rig.tokenRequests() == requests + 1)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(try rig.tokenRequests() == requests + 1)
  }

  @Test("A dropped token is not sent again: the next call has another one fetched")
  func drop() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let before = try #require(try record(rig, "read:course")).string("fingerprint")
    let answer = try admin(rig, "POST", "/api/tokens/drop?app=main&scope=read:course")
    #expect(answer.status == 200 && answer.text.contains("read:course"))
    #expect(try eventually { try record(rig, "read:course")?.string("state") == "empty" })
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let after = try #require(try record(rig, "read:course"))
    #expect(after.string("fingerprint") != before && after.int("generation") == 2)
  }

  @Test(
    "What cannot be meant is refused, with what can",
    arguments: [
      ("POST", "/api/tokens/renew", 400, "all=true"),
      ("POST", "/api/tokens/drop?format=table", 400, "all=true"),
      ("POST", "/api/tokens/drop?app=other", 404, "main"),
      ("GET", "/api/tokens?app=other", 404, "main"),
      ("POST", "/api/tokens/renew?scope=read:nothing", 404, "--all"),
      ("GET", "/api/tokens?scope=%", 400, "%25"),
      ("GET", "/api/tokens/renew?all=true", 405, "POST"),
      ("POST", "/api/tokens", 405, "GET"),
    ])
  func refused(method: String, target: String, status: Int, hint: String) throws {
    let rig = try GatewayRig()
    let answer = try admin(rig, method, target)
    #expect(answer.status == status && answer.detail.contains(hint), "\(answer.text)")
  }

  @Test(
    "A web page can neither renew nor drop nor look, whatever it pretends",
    arguments: ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Host: evil.example"])
  func guarded(field: String) throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    for (method, target) in [
      ("POST", "/api/tokens/drop?all=true"), ("POST", "/api/tokens/renew?all=true"),
      ("GET", "/api/tokens"), ("OPTIONS", "/api/tokens/drop"),
    ] {
      var request = Wire.request(method, target, [field])
      if field.hasPrefix("Host") { request = request.replacing("Host: localhost\r\n", with: "") }
      let wire = try Wire(port: try #require(rig.gateway.adminAddress?.port))
      try wire.send(request)
      let answer = try wire.answer(to: method)
      #expect(answer.status == 403, "\(method) \(target)")
      #expect(answer["Access-Control-Allow-Origin"] == nil)
    }
    #expect(try record(rig, "read:course")?.string("state") == "fresh")
  }

  @Test("A failing token is listed with its reason and the next try, and the runway is 0")
  func failing() throws {
    let rig = try GatewayRig(secret: "CANARY-wrong")
    #expect(try rig.call("GET", "/api/v2/courses").status == 502)
    let token = try #require(try record(rig, "read:course"))
    #expect(token.string("state") == "failing" && token.double("next") > 20)
    #expect(token.string("error").contains("main") && token.string("lastError").contains("secret"))
    let answer = try admin(rig, "GET", "/api/tokens")
    #expect(answer.json.double("runway") == 0)
    let metrics = try admin(rig, "GET", "/metrics").text
    #expect(metrics.contains("\nscorm_gateway_auth_runway_seconds 0.000\n"))
    #expect(
      metrics.contains(
        "scorm_gateway_token_fetches_total{app=\"main\",result=\"refused_credential\"} "))
    for text in [answer.text, metrics, try admin(rig, "GET", "/api/tokens?format=table").text] {
      #expect(!text.contains("CANARY"))
    }
  }

  @Test("Metrics tell fetches, their durations, what is left of each token, and uses")
  func metrics() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let labels = "{app=\"main\",scope=\"read:course\"}"
    #expect(
      try rig.metric("scorm_gateway_token_fetches_total{app=\"main\",result=\"ok\"}") == 2)
    #expect(try rig.metric("scorm_gateway_token_fetch_seconds_count{app=\"main\"}") == 2)
    #expect(
      try rig.metric("scorm_gateway_token_fetch_seconds_bucket{app=\"main\",le=\"+Inf\"}") == 2)
    let left = try #require(try rig.metric("scorm_gateway_token_remaining_seconds\(labels)"))
    #expect(left > 800 && left < 900)
    #expect(try rig.metric("scorm_gateway_token_uses_total\(labels)") == 1)
    #expect(try #require(try rig.metric("scorm_gateway_auth_runway_seconds")) > 800)
    #expect(try rig.metric("scorm_gateway_secret_generation{app=\"main\"}") == 1)
  }

  @Test("Operations whose scope was refused are listed with what they begin with")
  func climbed() throws {
    let upstream = try ScopedUpstream { $0.credential == "basic" ? 200 : 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", "/api/v2/about").status == 200)
    let rows = try admin(rig, "GET", "/api/tokens").json["operations"] as? [[String: Any]]
    let row = try #require(rows?.first)
    #expect(row.string("operation") == "GetAbout" && row.string("credential") == "basic")
    #expect(row.int("rung") == 3 && row.int("climbs") == 2)
    #expect(try admin(rig, "GET", "/api/tokens?format=table").text.contains("GetAbout"))
  }

  @Test("The command shows, renews and drops, and says what to do when it cannot")
  func command() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let port = try #require(rig.gateway.adminAddress?.port)
    let address = ["--admin", "127.0.0.1:\(port)"]
    let shown = try Command.run(["tokens"] + address)
    #expect(shown.exitCode == 0 && shown.output.contains("read:course") && shown.errors.isEmpty)
    let json = try Command.run(
      ["tokens", "show", "--format", "json", "--scope", "read:course"] + address)
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect((object?["tokens"] as? [Any])?.count == 1)
    let renewed = try Command.run(["tokens", "renew", "--scope", "read:course"] + address)
    #expect(renewed.exitCode == 0 && renewed.output.contains("main read:course"))
    #expect(try eventually { try record(rig, "read:course")?.int("generation") == 2 })
    let dropped = try Command.run(["tokens", "drop", "--app", "main"] + address)
    #expect(dropped.exitCode == 0 && dropped.output.contains("main read:course"))
    #expect(try eventually { try record(rig, "read:course")?.string("state") == "empty" })
    let slip = try Command.run(["tokens", "drop"] + address)
    #expect(slip.exitCode == 2 && slip.errors.contains("--all"))
    let other = try Command.run(["tokens", "renew", "--app", "other"] + address)
    #expect(other.exitCode == 1 && other.errors.contains("Apps: main"))
    let nobody = try Command.run(["tokens", "--admin", "127.0.0.1:1"])
    #expect(nobody.exitCode == 1)
    for part in ["127.0.0.1:1", "--admin", "scorm-gateway serve"] {
      #expect(nobody.errors.contains(part))
    }
  }

  @Test("No token and no secret appears on any of these pages")
  func secrecy() throws {
    let upstream = try HostileUpstream([.request, .answer(), .untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let sent = try #require(upstream.heads.first?["Authorization"])
    let token = try #require(sent.split(separator: " ").last.map(String.init))
    #expect(token.utf8.count > 40)
    let targets = [
      "/api/tokens?all=true", "/api/tokens?all=true&format=table", "/metrics",
      "/api/explain?method=GET&path=/api/v2/courses",
      "/api/explain?method=GET&path=/api/v2/courses&format=table",
    ]
    var texts = try targets.map { try admin(rig, "GET", $0).text }
    for target in ["/api/tokens/renew?all=true", "/api/tokens/drop?all=true&format=table"] {
      texts.append(try admin(rig, "POST", target).text)
    }
    for text in texts {
      #expect(!text.isEmpty && !text.contains(token) && !text.contains("sandbox-secret"))
      // Nor a usable part of it.
      #expect(!text.contains(token.prefix(20)) && !text.contains(token.suffix(20)))
    }
  }
}
