import EventLoop
import Foundation
import HTTPMessages
import LocalServer
import System

/// Answers that describe the request.
///
/// - `/zeros/N`: N zero bytes. `/bytes/N`: N letters. `/status/N`: that status.
/// - `/field`: a field whose value is the query. `/count`: the number of requests before.
/// - `/paced/N/late`, `…/pieces`, `…/reset`, `…/half-reset`, `…/half`: N letters, delivered in that way.
/// - `/tail/N`: the last N bytes of the body, from its file; `/echo`: the body as a file.
/// - `/stream/N`: N pieces, one per tick. `/ended`: the number of streams that have ended.
/// - `/acts`: accepts posts from a page of this server.
/// - `/always`: answered however many connections there are.
/// - anything else: method, path, query, the kept body and the size of the whole.
struct TellingResponder: LocalResponder {
  private var count = 0
  /// The number of pieces that each stream has left.
  private var streams: [Int: Int] = [:]
  private var streamsEnded = 0

  func takesOwnPages(_ path: String) -> Bool { path == "/acts" }

  mutating func nextPiece(of stream: Int, now: Int64) -> [UInt8]? {
    guard let left = streams[stream], left > 0 else { return nil }
    streams[stream] = left - 1
    return Array("piece \(left)\n".utf8)
  }

  mutating func streamEnded(_ stream: Int) {
    streams[stream] = nil
    streamsEnded += 1
  }

  func isAlwaysAnswered(_ path: String) -> Bool { path == "/always" }

  mutating func respond(to request: LocalRequest) -> LocalResponse {
    count += 1
    let parts = request.path.split(separator: "/")
    let number = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    switch parts.first {
    case "zeros": return LocalResponse(status: 200, body: .zeros(count: number))
    case "bytes": return .text(String(repeating: "x", count: number))
    case "status": return .json("{}", status: number)
    case "count": return .text("\(count - 1)")
    case "ended": return .text("\(streamsEnded)")
    case "stream":
      streams[count] = number
      return LocalResponse(status: 200, body: .stream(count))
    case "field":
      let value = request.query.removingPercentEncoding ?? ""
      return LocalResponse(status: 200, fields: [(name: "X-Value", value: value)])
    case "paced":
      var answer = LocalResponse.text(String(repeating: "x", count: number))
      answer.delivery =
        switch parts[2] {
        case "late": LocalDelivery(delay: 20_000_000)
        case "pieces": LocalDelivery(pieces: 10, pause: 2_000_000)
        case "reset": LocalDelivery(cut: .resetAtOnce)
        case "half-reset": LocalDelivery(cut: .resetAfter(number / 2))
        default: LocalDelivery(cut: .closeAfter(number / 2))
        }
      return answer
    case "tail":
      let bytes = request.bodyFile?.read(request.bodySize - number..<request.bodySize)
      return .text(bytes.map { String(decoding: $0, as: UTF8.self) } ?? "no file")
    case "echo":
      guard let file = request.bodyFile else { return .text("no file") }
      return LocalResponse(status: 200, body: .file(file, 0..<request.bodySize))
    default:
      let body = String(decoding: request.body, as: UTF8.self)
      return .text(
        "\(request.method) \(request.path) \(request.query) [\(body)] \(request.bodySize)")
    }
  }
}

/// A service on a free loopback port, stopped with the test.
final class ServiceRig: Sendable {
  let service: LocalService
  var port: UInt16 { service.address.port }

  init(_ change: (inout LocalServerSettings) -> Void = { _ in }) throws {
    guard let address = SocketAddress(numericHost: "127.0.0.1", port: 0) else {
      throw ClientError("address")
    }
    let listener = try ListeningSocket(tcp: address)
    var settings = LocalServerSettings(hosts: HostAllowList())
    change(&settings)
    service = try LocalService.start(
      name: "test", listeningOn: listener, settings: settings, makeResponder: { TellingResponder() }
    )
  }

  deinit { service.stop(within: 0) }

  /// The answer if only `request` is sent.
  func ask(_ request: String, isHead: Bool = false) async throws -> Answer {
    try await onOwnThread { [self] in
      let client = try RawClient(port: port)
      try client.send(request)
      return try client.answer(isHead: isHead)
    }
  }
}

/// A request without a body.
func request(_ method: String, _ target: String, _ fields: String = "") -> String {
  "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n"
}
