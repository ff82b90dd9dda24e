import Foundation
import Synchronization
import System

/// A simulated SCORM Cloud. It grants tokens for secrets that can be changed, ends tokens on demand or after a
/// lifetime, and judges every request by its credential. Each connection has a thread.
final class RevocableCloud: Sendable {
  struct Call: Sendable {
    let method: String
    let target: String
    /// `token` or `basic`.
    let credential: String
    let status: Int
    /// The age of its token in seconds.
    let age: Double
    let body: String
  }

  struct TokenRequest: Sendable {
    let app: String
    let scope: String
    let isGranted: Bool
  }

  private struct State {
    /// The accepted secrets, by app id.
    var secrets: [String: String]
    /// When each token was granted.
    var tokens: [String: Int64] = [:]
    var granted = 0
    var tokenRequests: [TokenRequest] = []
    var calls: [Call] = []
    /// The lifetime that answers claim, and the true one.
    var lifetime = 300.0
    var trueLifetime = 300.0
    /// Targets that are refused with every token.
    var forbidden: Set<String> = []
    /// No token request is answered before this is open.
    var gate: Gate?
    var isBroken = false
    /// Apps whose token requests are never answered.
    var hanging: Set<String> = []
  }

  private let listener: LoopbackListener
  var port: UInt16 { listener.port }
  private let state: Mutex<State>
  /// The clock for the lifetime of tokens.
  private let clock: TurnedClock

  init(
    secrets: [String: String], tokensAfter gate: Gate? = nil, lifetime: Double = 300,
    clock: TurnedClock = Changes.clock()
  ) throws {
    self.clock = clock
    listener = try LoopbackListener()
    var first = State(secrets: secrets)
    first.gate = gate
    first.lifetime = lifetime
    first.trueLifetime = lifetime
    state = Mutex(first)
    listener.serve { [self] wire, _ in try serve(wire) }
  }

  func stop() { listener.stop() }

  var tokenRequests: [TokenRequest] { state.withLock { $0.tokenRequests } }
  var calls: [Call] { state.withLock { $0.calls } }
  /// Every token ever granted.
  var tokenTexts: [String] { state.withLock { Array($0.tokens.keys) } }

  private static let longAgo = Int64.min / 2

  /// Changes the secret of an app and ends all its tokens at once.
  func replaceSecret(of app: String, with secret: String) {
    state.withLock { state in
      state.secrets[app] = secret
      for token in state.tokens.keys where token.contains(app) {
        state.tokens[token] = RevocableCloud.longAgo
      }
    }
  }

  /// Ends all tokens at once, as a restart of the upstream does.
  func endTokens() {
    state.withLock { state in
      for token in state.tokens.keys { state.tokens[token] = RevocableCloud.longAgo }
    }
  }

  /// Refuses every token at `target`.
  func forbid(_ target: String) { state.withLock { _ = $0.forbidden.insert(target) } }

  /// Ends tokens `seconds` after they were granted, whatever lifetime they claim.
  func endTokens(after seconds: Double) { state.withLock { $0.trueLifetime = seconds } }

  /// Answers token requests with 500 from now on.
  func failTokenRequests() { state.withLock { $0.isBroken = true } }

  func hang(_ app: String) { state.withLock { _ = $0.hanging.insert(app) } }

  private func serve(_ wire: Wire) throws {
    while true {
      let head = Head(text: try wire.take(through: "\r\n\r\n"))
      let length = head["Content-Length"].flatMap { Int($0) } ?? 0
      let body = String(decoding: try wire.take(length), as: UTF8.self)
      let parts = head.startLine.split(separator: " ").map(String.init)
      let (status, answer) =
        parts[1].hasSuffix("/token")
        ? try grant(head, body, wire)
        : judge(head, method: parts[0], target: parts[1], body: body)
      try wire.send(
        "HTTP/1.1 \(status) Whatever\r\nContent-Type: application/json\r\n"
          + "Content-Length: \(answer.utf8.count)\r\n\r\n\(answer)")
    }
  }

  /// The id and secret of a Basic credential.
  private func basic(_ head: Head) -> (id: String, secret: String)? {
    guard let value = head["Authorization"], value.hasPrefix("Basic "),
      let data = Data(base64Encoded: String(value.dropFirst(6)))
    else { return nil }
    let pair = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1)
    return pair.count == 2 ? (String(pair[0]), String(pair[1])) : nil
  }

  private func grant(_ head: Head, _ body: String, _ wire: Wire) throws -> (Int, String) {
    let credential = basic(head)
    let (gate, hangs) = state.withLock { state in
      (state.gate, state.hanging.contains(credential?.id ?? ""))
    }
    if hangs {
      wire.receiveLimit = 60
      _ = wire.takeAll()
      throw WireEnd.closed
    }
    gate?.wait()
    let scope = body.split(separator: "&").first { $0.hasPrefix("scope=") }.map {
      String($0.dropFirst(6))
    }
    if state.withLock({ $0.isBroken }) { return (500, "{}") }
    return state.withLock { state in
      let isGood = credential.map { state.secrets[$0.id] == $0.secret } ?? false
      state.tokenRequests.append(
        TokenRequest(app: credential?.id ?? "", scope: scope ?? "", isGranted: isGood))
      guard isGood, let app = credential?.id else { return (401, #"{"error":"invalid_client"}"#) }
      state.granted += 1
      let token = "CANARY-TOKEN-\(app)-\(state.granted)"
      state.tokens[token] = clock.monotonic
      return (
        200,
        #"{"access_token":"\#(token)","token_type":"bearer","expires_in":\#(Int(state.lifetime))}"#
      )
    }
  }

  private func judge(
    _ head: Head, method: String, target: String, body: String
  ) -> (Int, String) {
    state.withLock { state in
      var status = 401
      var age = -1.0
      var kind = "none"
      if let pair = basic(head) {
        kind = "basic"
        if state.secrets[pair.id] == pair.secret { status = 200 }
      } else if let value = head["Authorization"], value.hasPrefix("Bearer ") {
        kind = "token"
        if let since = state.tokens[String(value.dropFirst(7))] {
          age = Double(clock.monotonic - since) / 1_000_000_000
          if age < state.trueLifetime, !state.forbidden.contains(target) { status = 200 }
        }
      }
      state.calls.append(
        Call(method: method, target: target, credential: kind, status: status, age: age, body: body)
      )
      return (status, status == 200 ? "{}" : #"{"message":"refused"}"#)
    }
  }
}
