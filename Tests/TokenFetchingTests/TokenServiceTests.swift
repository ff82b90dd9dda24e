import AccessTokens
import Foundation
import Memory
import Testing

@testable import TokenFetching

@Suite("Fetching tokens over libcurl", .timeLimit(.minutes(5)))
struct TokenServiceTests {
  static let granted = #"{"access_token":"abc.def","expires_in":300,"token_type":"bearer"}"#

  @Test("a token is fetched with the app's credential and published with its fingerprint")
  func fetches() async throws {
    let server = try ScriptedServer { _, _ in ok(Self.granted) }
    defer { server.stop() }
    let rig = try TokenRig(server.url("/api/v2/oauth/authenticate/application/token"))
    let entry = try await rig.fetch()
    #expect(entry.text == "abc.def")
    // The SHA-256 of "abc.def" begins with these bytes.
    #expect(entry.token?.fingerprint == TokenOutcome.fingerprint(of: secret("abc.def")))
    #expect(entry.token!.usableUntil - entry.token!.requestedAt == 295 * 1_000_000_000)
    let request = try #require(server.requests.first)
    #expect(request.hasPrefix("POST /api/v2/oauth/authenticate/application/token HTTP/1.1\r\n"))
    #expect(
      request.hasSuffix("\r\n\r\nscope=read%3Acourse+write%3Acourse&expiration=900"))
    let basic = Data("APP-ID:s3:cr%et".utf8).base64EncodedString()
    #expect(request.contains("\r\nAuthorization: Basic \(basic)\r\n"))
    #expect(request.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"))
    #expect(request.contains("\r\nUser-Agent: scorm-gateway\r\n"))
    #expect(!request.contains("Expect:") && !request.contains("Accept-Encoding:"))
    guard case .obtained(let key, app: "main", _, .answer) = rig.reports.first else {
      Issue.record("no report of the token")
      return
    }
    #expect(key.scopes == "read:course write:course")
  }

  @Test("the fingerprint is the beginning of SHA-256")
  func fingerprint() {
    #expect(TokenOutcome.fingerprint(of: secret("abc")) == 0xba78_16bf)
  }

  @Test("the other endpoint is asked in JSON")
  func createToken() async throws {
    let server = try ScriptedServer { _, _ in ok(#"{"result":"from-create"}"#) }
    defer { server.stop() }
    let rig = try TokenRig(server.url(), endpoint: .appManagement)
    #expect(try await rig.fetch().text == "from-create")
    let request = try #require(server.requests.first)
    #expect(request.contains("\r\nContent-Type: application/json\r\n"))
    #expect(
      request.contains(
        #"{"permissions":{"scopes":["read:course","write:course"]},"expiry":"20"#))
  }

  @Test(
    "what went wrong is told apart, and told without the secret",
    arguments: [
      (
        respond(401, #"{"error":"Authorization Required."}"#),
        TokenFailure.Reason.refusedCredential(status: 401),
        "token endpoint refused the credential of app main (401): check its id and secret"
      ),
      (
        respond(400, #"{"error":"invalid_client"}"#), .refusedCredential(status: 400),
        "token endpoint refused the credential of app main (400): check its id and secret"
      ),
      (respond(400, #"{"error":"invalid_scope"}"#), .refusedScope(status: 400), "read:course"),
      (respond(400, #"{"message":"no"}"#), .refusedRequest(status: 400), "app main"),
      (respond(500, "<h1>s3:cr%et</h1>"), .serverError(status: 500), "failed (500)"),
      (respond(404, ""), .unexpectedStatus(404), "404"),
      (respond(204, ""), .unexpectedStatus(204), "204"),
      (respond(200, ""), .badAnswer(.notJSON), "not a JSON object"),
      (respond(200, "<html>"), .badAnswer(.notJSON), "not a JSON object"),
      (respond(200, #"{"access_token":"a\r\nb"}"#), .badAnswer(.badTokenText), "character"),
      (
        "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"access_token\":\"abc\"", .unreachable,
        "closed"
      ),
      ("garbage\r\n\r\n", .badAnswer(.notHTTP), "not HTTP"), ("", .unreachable, "127.0.0.1"),
    ])
  func failures(answer: String, reason: TokenFailure.Reason, says: String) async throws {
    let server = try ScriptedServer(answer)
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    let failure = try await rig.failure()
    #expect(failure.reason == reason)
    #expect(failure.detail.contains(says))
    #expect(!failure.detail.contains("s3:cr") && !failure.detail.contains("APP-ID"))
  }

  @Test("a redirect is not followed, and only its host is named")
  func redirect() async throws {
    let trap = try ScriptedServer { _, _ in ok(Self.granted) }
    defer { trap.stop() }
    let server = try ScriptedServer(
      respond(302, "", fields: "Location: \(trap.url("/steal?code=private"))\r\n"))
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    let failure = try await rig.failure()
    #expect(failure.reason == .redirected(status: 302))
    #expect(failure.detail.contains("127.0.0.1:\(trap.port)"))
    #expect(!failure.detail.contains("private"))
    #expect(trap.connections == 0)
  }

  @Test(
    "an answer beyond 64 KiB is cut off, whether its length is declared or not",
    arguments: [true, false])
  func tooLarge(declared: Bool) async throws {
    let body = "{\"access_token\":\"" + String(repeating: "a", count: 70_000) + "\"}"
    let server = try ScriptedServer(
      declared ? respond(200, body) : "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    #expect(try await rig.failure().reason == .badAnswer(.tooLarge))
  }

  @Test("a server that never answers costs the time limit and no more")
  func hang() async throws {
    let server = try ScriptedServer { _, _ in .hang }
    defer { server.stop() }
    let rig = try TokenRig(server.url()) { $0.totalTimeout = 50 }
    let failure = try await rig.failure()
    #expect(failure.reason == .timedOut)
    #expect(failure.retryAt > 0)
  }

  @Test("nobody listening is told as unreachable")
  func refused() async throws {
    let rig = try TokenRig("http://127.0.0.1:1/token")
    #expect(try await rig.failure().reason == .unreachable)
  }

  @Test("Retry-After sets the time of the next try")
  func retryAfter() async throws {
    let server = try ScriptedServer(respond(429, "", fields: "Retry-After: 17\r\n"))
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    let failure = try await rig.failure()
    #expect(failure.reason == .rateLimited)
    #expect(failure.retryAfter == 17_000_000_000)
  }

  @Test("plain http does not pass for https, nor does any other scheme start")
  func schemes() async throws {
    let server = try ScriptedServer { _, _ in ok(Self.granted) }
    defer { server.stop() }
    let rig = try TokenRig("https://127.0.0.1:\(server.port)/token")
    #expect(try await rig.failure().reason == .tls)
    #expect(server.requests.isEmpty)
    for url in [
      "ftp://127.0.0.1/x", "file:///etc/passwd", "127.0.0.1", "http://", "http:///x",
      "http://user:key@127.0.0.1/x", "http://127.0.0.1/a b", "http://127.0.0.1/\r\n",
    ] {
      #expect(throws: TokenServiceSettings.Problem.badURL) { _ = try TokenRig(url) }
    }
  }

  @Test("twenty callers on several threads make one request")
  func singleFlight() async throws {
    let server = try ScriptedServer { _, _ in ok(Self.granted) }
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    let (service, slot) = (rig.service, rig.slots[0])
    for _ in 0..<20 { Thread.detachNewThread { service.need(slot) } }
    _ = try await rig.fetch()
    for _ in 0..<20 { service.need(slot) }
    // A later fetch from the same server shows that no other request was pending.
    service.rejected(slot, generation: 1, withdraws: false)
    let next = try await rig.entry { $0.token?.generation == 2 }
    #expect(next.token?.generation == 2)
    #expect(server.requests.count == 2)
  }

  @Test("twenty slots are fetched side by side, and connections are used again")
  func manySlots() async throws {
    let server = try ScriptedServer { request, number in
      ok(#"{"access_token":"t\#(number)"}"#, keepOpen: true)
    }
    defer { server.stop() }
    let rig = try TokenRig(server.url(), slots: (0..<20).map { "scope\($0)" })
    rig.service.prefetch(rig.slots)
    for index in 0..<20 { _ = try await rig.entry(index) { $0.token != nil } }
    #expect(server.requests.count == 20)
    #expect(server.connections <= TokenManager.maximumFetchesInFlight)
  }

  @Test("a token is renewed before its end without anybody asking, as long as it is used")
  func renewal() async throws {
    let server = try ScriptedServer { _, number in
      ok(#"{"access_token":"t\#(number)","expires_in":100}"#)
    }
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    #expect(try await rig.fetch().text == "t0")
    #expect(try await rig.wanted { $0.token?.generation == 2 }.text == "t1")
    // No caller asks any more, so it is dropped, at the latest with the one that the last look-up has renewed.
    _ = try await rig.wanted(asks: false) { $0 == .empty }
    #expect((2...3).contains(server.requests.count))
  }

  @Test("a refused token is fetched anew")
  func rejection() async throws {
    let server = try ScriptedServer { _, number in ok(#"{"access_token":"t\#(number)"}"#) }
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    _ = try await rig.fetch()
    rig.service.rejected(rig.slots[0], generation: 1, withdraws: true)
    #expect(try await rig.entry { $0.token?.generation == 2 }.text == "t1")
  }

  @Test("fetching recovers by itself when the endpoint does")
  func recovers() async throws {
    let server = try ScriptedServer { _, number in
      number == 0 ? .bytes(Array(respond(503, "").utf8)) : ok(Self.granted)
    }
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    #expect(try await rig.wanted { $0.token != nil }.text == "abc.def")
    #expect(server.requests.count == 2)
    // Not checked while it lasts, which is a second of the system's time.
    guard case .failed(_, app: "main", let failure) = rig.reports.first else {
      Issue.record("no report of the failure")
      return
    }
    #expect(failure.reason == .serverError(status: 503))
  }

  @Test("stopping ends the thread at once, also while a request hangs, and twice is once")
  func stops() async throws {
    let server = try ScriptedServer { _, _ in .hang }
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    rig.service.need(rig.slots[0])
    let service = rig.service
    let ended = await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
      Thread.detachNewThread { done.resume(returning: service.stop()) }
    }
    #expect(ended)
    #expect(service.stop())
  }

  @Test("settings that libcurl would take otherwise than meant are refused")
  func settings() throws {
    typealias Problem = TokenServiceSettings.Problem
    func rig(
      id: String = "id", key: String = "key",
      _ change: (inout TokenServiceSettings) -> Void = { _ in }
    )
      throws
    {
      _ = try TokenRig("http://127.0.0.1:1/", slots: ["read"]) {
        $0.apps = [TokenApp(name: "main", id: id, secret: secret(key))]
        change(&$0)
      }
    }
    #expect(throws: Problem.badAppID(app: "main")) { try rig(id: "a:b") }
    #expect(throws: Problem.badAppID(app: "main")) { try rig(id: "") }
    #expect(throws: Problem.badAppID(app: "main")) { try rig(id: "a\0b") }
    #expect(throws: Problem.badSecret(app: "main")) { try rig(key: "") }
    #expect(throws: Problem.badSecret(app: "main")) { try rig(key: "ab\n") }
    for key in ["a\0b", "a\tb", "ab ", " ab", "\u{feff}ab", "a\u{7f}"] {
      #expect(throws: Problem.badSecret(app: "main")) { try rig(key: key) }
    }
    #expect(throws: Problem.badLifetime) { try rig { $0.lifetime = 0 } }
    #expect(throws: Problem.badTimeout) { try rig { $0.totalTimeout = 0 } }
    #expect(throws: Problem.unknownApp) { try rig { $0.apps = [] } }
  }

  @Test("neither settings nor reports show the secret or the token")
  func canary() async throws {
    let server = try ScriptedServer { _, _ in ok(#"{"access_token":"CANARY-token"}"#) }
    defer { server.stop() }
    var settings: TokenServiceSettings?
    let rig = try TokenRig(server.url(), appSecret: "CANARY-secret") { settings = $0 }
    _ = try await rig.fetch()
    let things: [Any] = [try #require(settings), rig.reports, rig.service, rig.service.store]
    for thing in things {
      var dumped = ""
      dump(thing, to: &dumped)
      #expect(!(dumped + "\(thing)" + String(reflecting: thing)).contains("CANARY"))
    }
  }
}
