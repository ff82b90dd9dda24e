import AccessTokens
import Foundation
import Glibc
import Testing

@testable import TokenFetching

/// A token endpoint that misbehaves: the result, and how often it is asked meanwhile.
@Suite("A faulty token endpoint", .timeLimit(.minutes(5)))
struct TokenFaultTests {
  static let granted = #"{"access_token":"abc.def","expires_in":300,"token_type":"bearer"}"#

  /// A fault: the endpoint's answer, and what it means.
  struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    let answer: ScriptedServer.Answer
    /// The label of the failure; nil if there is a token anyway.
    let label: String?
    /// The lifetime of the token in seconds.
    var lifetime: Int64 = 0
    var testDescription: String { name }

    init(_ name: String, _ answer: ScriptedServer.Answer, _ label: String?, lifetime: Int64 = 0) {
      self.name = name
      self.answer = answer
      self.label = label
      self.lifetime = lifetime
    }
  }

  private static func said(_ text: String) -> ScriptedServer.Answer { .bytes(Array(text.utf8)) }
  private static func expires(_ value: String) -> ScriptedServer.Answer {
    ok(#"{"access_token":"abc","token_type":"bearer","expires_in":\#(value)}"#)
  }

  /// Rows 4 to 8 and 12 of the fault catalogue.
  static let faults: [Fault] = [
    Fault("500", said(respond(500, "oops")), "server_error"),
    Fault(
      "503 with Retry-After", said(respond(503, "", fields: "Retry-After: 9\r\n")), "server_error"),
    Fault("429", said(respond(429, "{}", fields: "Retry-After: 9\r\n")), "rate_limited"),
    Fault(
      "400 invalid_client", said(respond(400, #"{"error":"invalid_client"}"#)), "refused_credential"
    ),
    Fault("401", said(respond(401, #"{"error":"invalid_client"}"#)), "refused_credential"),
    Fault("HTML", ok("<html>login</html>"), "bad_answer"),
    Fault("nothing", ok(""), "bad_answer"),
    Fault("cut off", said("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{\"acc"), "unreachable"),
    Fault("no token", ok(#"{"token_type":"bearer","expires_in":60}"#), "bad_answer"),
    Fault("another type", ok(#"{"access_token":"a","token_type":"mac"}"#), "bad_answer"),
    Fault("a byte order mark", ok("\u{feff}" + granted), nil, lifetime: 300),
    Fault("a member twice", ok(#"{"access_token":"a","access_token":"b"}"#), "bad_answer"),
    Fault(
      "packed, as it says", said(respond(200, granted, fields: "Content-Encoding: gzip\r\n")), nil,
      lifetime: 300),
    Fault("line break in the token", ok(#"{"access_token":"a\r\nX: 1"}"#), "bad_answer"),
    Fault("zero byte in the token", ok(#"{"access_token":"a\u0000b"}"#), "bad_answer"),
    Fault("eight bits in the token", ok(#"{"access_token":"a\u00e9b"}"#), "bad_answer"),
    Fault(
      "a token of 70,000 bytes",
      ok("{\"access_token\":\"" + String(repeating: "a", count: 70_000) + "\"}"), "bad_answer"),
    Fault("a life of -5", expires("-5"), nil, lifetime: 60),
    Fault("a life of 0", expires("0"), nil, lifetime: 60),
    Fault("a life of 10^30", expires("1" + String(repeating: "0", count: 30)), nil, lifetime: 60),
    Fault("a life in text", expires("\"3600\""), nil, lifetime: 3600),
    Fault("a life of 1e308", expires("1e308"), nil, lifetime: 60),
    Fault("no life", ok(#"{"access_token":"abc","token_type":"bearer"}"#), nil, lifetime: 900),
    Fault("a redirect", said(respond(302, "", fields: "Location: /token2\r\n")), "redirected"),
    Fault(
      "a redirect to plain http",
      said(respond(307, "", fields: "Location: http://127.0.0.1:1/steal\r\n")), "redirected"),
  ]

  @Test(
    "each fault is a failure of its own kind or a token, and callers who never stop asking cost one request",
    arguments: faults)
  func fault(_ fault: Fault) async throws {
    let server = try ScriptedServer { _, _ in fault.answer }
    defer { server.stop() }
    let rig = try TokenRig(server.url()) { settings in
      // Nothing is retried during the test, so a second request would be our fault.
      settings.schedule.firstBackoff = 3600 * 1_000_000_000
      settings.schedule.minimumInterval = 1800 * 1_000_000_000
      settings.schedule.maximumBackoff = 3600 * 1_000_000_000
    }
    let entry = try await rig.fetch()
    for _ in 0..<1000 { rig.service.need(rig.slots[0]) }
    if let label = fault.label {
      #expect(entry.failure?.reason.label == label)
      #expect(entry.token == nil)
    } else {
      let token = try #require(entry.token)
      let margin = min(5_000_000_000, fault.lifetime * 1_000_000_000 / 20)
      #expect(token.usableUntil - token.requestedAt == fault.lifetime * 1_000_000_000 - margin)
    }
    // The thread has finished with the thousand once it has handled a later message.
    rig.service.drop(rig.slots)
    _ = try await rig.entry { $0 == .empty }
    #expect(server.requests.count == 1)
    #expect(rig.service.listing().keys[0].fetches == [fault.label ?? "ok": 1])
  }

  @Test(
    "an endpoint that comes back is asked again within one step of the back-off, and only once a step"
  )
  func comesBack() async throws {
    let server = try ScriptedServer { _, number in
      number < 3 ? .bytes(Array(respond(500, "").utf8)) : ok(Self.granted)
    }
    defer { server.stop() }
    let rig = try TokenRig(server.url()) { settings in
      settings.schedule.minimumInterval = 50_000_000
      settings.schedule.firstBackoff = 100_000_000
    }
    let entry = try await rig.wanted { $0.token != nil }
    #expect(entry.text == "abc.def")
    #expect(server.requests.count == 4)
  }

  @Test("callers of an endpoint that answers late share one request")
  func slow() async throws {
    let (asked, goesOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let server = try ScriptedServer { _, _ in
      asked.signal()
      goesOn.wait()
      return ok(Self.granted)
    }
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    rig.service.need(rig.slots[0])
    await offThePool { asked.wait() }
    for _ in 0..<1000 { rig.service.need(rig.slots[0]) }
    goesOn.signal()
    #expect(try await rig.wanted { $0.token != nil }.text == "abc.def")
    #expect(server.requests.count == 1)
  }

  @Test("an endpoint that is away while a token lives costs nobody anything")
  func awayMeanwhile() async throws {
    let server = try ScriptedServer { _, number in
      number == 0
        ? ok(#"{"access_token":"abc","token_type":"bearer","expires_in":400}"#)
        : .bytes(Array(respond(500, "").utf8))
    }
    defer { server.stop() }
    let rig = try TokenRig(server.url())
    let token = try #require(try await rig.fetch().token)
    // Renewing fails, and meanwhile the old token stays published, together with the failure.
    let failing = try await rig.wanted { $0.failure != nil }
    #expect(failing.token?.generation == token.generation)
    let listing = rig.service.listing()
    #expect(listing.runway.map { $0 > 0 && $0 < 400_000_000_000 } == true)
    // After its end it is not published any more, whatever else fails.
    let ended = try await rig.wanted { $0.token == nil && $0.failure != nil }
    #expect(ended.failure?.reason.label == "server_error")
    #expect(rig.service.listing().now >= token.usableUntil)
    #expect(rig.service.listing().runway == 0)
  }

  @Test("an operator's wish for a fresh token is fetched at once, and the old one served meanwhile")
  func renew() async throws {
    let server = try ScriptedServer { _, number in
      ok(#"{"access_token":"token\#(number)","token_type":"bearer","expires_in":300}"#)
    }
    defer { server.stop() }
    let rig = try TokenRig(server.url()) { $0.schedule.minimumInterval = 0 }
    #expect(try await rig.fetch().text == "token0")
    #expect(rig.service.renew(rig.slots))
    #expect(try await rig.entry { $0.token?.generation == 2 }.text == "token1")
    #expect(server.requests.count == 2)
  }

  @Test("another secret is sent from the moment it is given, and the old one kept nowhere else")
  func replaceSecret() async throws {
    let good = "Basic " + Data("APP-ID:second".utf8).base64EncodedString()
    let server = try ScriptedServer { request, _ in
      request.contains(good) ? ok(Self.granted) : .bytes(Array(respond(401, "").utf8))
    }
    defer { server.stop() }
    let rig = try TokenRig(server.url(), appSecret: "first")
    #expect(try await rig.failure().reason == .refusedCredential(status: 401))
    #expect(rig.service.replaceSecrets(app: 0, secret: secret("second"), nextSecret: nil))
    #expect(try await rig.wanted { $0.token != nil }.text == "abc.def")
    #expect(server.requests.count == 2)
    #expect(rig.service.listing().apps[0].secretGeneration == 2)
    var view = TokenView(of: rig.service.store)
    view.refreshIfChanged(from: rig.service.store)
    #expect(view.basicGeneration(app: 0) == 2)
    #expect(!rig.service.replaceSecrets(app: 0, secret: secret("a\nb"), nextSecret: nil))
  }
}
