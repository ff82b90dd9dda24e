import Foundation
import Synchronization

/// An upstream that judges calls by their credential, as the test tells it, and records them.
final class ScopedUpstream: Sendable {
  struct Call: Sendable {
    let number: Int
    let method: String
    let target: String
    /// `basic`, `none`, or the scopes of the sandbox's token.
    let credential: String
    let body: String
  }

  private let listener: LoopbackListener
  var port: UInt16 { listener.port }
  private let judge: @Sendable (Call) -> Int
  private let state = Mutex<[Call]>([])

  /// `judge` returns the status. The answer's body names the credential that came with the call.
  init(_ judge: @escaping @Sendable (Call) -> Int) throws {
    self.judge = judge
    listener = try LoopbackListener()
    listener.serve { [self] wire, _ in try serve(wire) }
  }

  func stop() { listener.stop() }

  /// The calls in the order in which they arrived.
  var calls: [Call] { state.withLock { $0 } }
  /// The credentials of the calls.
  var credentials: [String] { calls.map(\.credential) }

  private func serve(_ wire: Wire) throws {
    while true {
      let head = Head(text: try wire.take(through: "\r\n\r\n"))
      let parts = head.startLine.split(separator: " ").map(String.init)
      let size = head["Content-Length"].flatMap { Int($0) } ?? 0
      let body = String(decoding: try wire.take(size), as: UTF8.self)
      let call = state.withLock { calls in
        let call = Call(
          number: calls.count, method: parts[0], target: parts[1],
          credential: ScopedUpstream.credential(head["Authorization"]), body: body)
        calls.append(call)
        return call
      }
      let text = "{\"refused or taken\":\"\(call.credential)\"}"
      try wire.send(
        "HTTP/1.1 \(judge(call)) Judged\r\nContent-Type: application/json\r\nX-Judge: upstream\r\n"
          + "Content-Length: \(text.utf8.count)\r\n\r\n\(text)")
    }
  }

  /// The sandbox's tokens begin with their claims: `base64url({"app":…,"scopes":[…],…})`.
  private static func credential(_ authorization: String?) -> String {
    guard let authorization else { return "none" }
    if authorization.hasPrefix("Basic ") { return "basic" }
    var claims = authorization.dropFirst(7).prefix { $0 != "." }
      .replacing("-", with: "+").replacing("_", with: "/")
    while claims.utf8.count % 4 != 0 { claims += "=" }
    guard let data = Data(base64Encoded: String(claims)),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let scopes = object["scopes"] as? [String]
    else { return "unreadable" }
    return scopes.joined(separator: " ")
  }
}
