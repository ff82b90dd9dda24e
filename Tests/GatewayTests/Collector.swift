import Foundation
import Synchronization
import Testing

/// Accepts OTLP over HTTP as JSON.
final class Collector: Sendable {
  private let server: PeerServer
  private let kept: Bodies
  private let keptHeads: Bodies

  var port: UInt16 { server.port }
  var text: String { bodies.joined() }
  var heads: [String] { keptHeads.list }
  /// The posted bodies, decompressed.
  var bodies: [String] { kept.list }

  /// - Parameter answers: the answers to the posts, in order, such as `503 X\r\nRetry-After: 1`. The last one answers
  ///   all further posts.
  init(_ answers: [String] = ["200 OK"], content: String = "{}") throws {
    let bodies = Bodies()
    let heads = Bodies()
    server = try PeerServer { wire in
      while true {
        let head = try wire.take(through: "\r\n\r\n")
        let length = head.firstMatch(of: /Content-Length: (\d+)/).flatMap { Int($0.output.1) } ?? 0
        var body = Data(try wire.take(length))
        if head.contains("Content-Encoding: gzip") { body = try Collector.unpacked(body) }
        let number = heads.add(String(decoding: Array(head.utf8), as: UTF8.self))
        bodies.add(String(decoding: body, as: UTF8.self))
        let answer = answers[min(number, answers.count) - 1]
        try wire.send(
          "HTTP/1.1 \(answer)\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)")
        Changes.note()
      }
    }
    kept = bodies
    keptHeads = heads
  }

  /// Texts in the order in which they arrived.
  final class Bodies: Sendable {
    private let all = Mutex<[String]>([])
    /// Adds a body. Returns the new number of bodies.
    @discardableResult
    func add(_ body: String) -> Int {
      all.withLock {
        $0.append(body)
        return $0.count
      }
    }
    var list: [String] { all.withLock { $0 } }
  }

  /// Decompresses with the standard program.
  private static func unpacked(_ packed: Data) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-d", "-c"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: packed)
    try input.fileHandleForWriting.close()
    let plain = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return plain
  }

  /// Waits until there are `count` spans.
  func spans(_ count: Int) throws -> [[String: Any]] {
    try things(count, "resourceSpans", "scopeSpans", "spans")
  }

  /// Waits until there are `count` log records.
  func records(_ count: Int) throws -> [[String: Any]] {
    try things(count, "resourceLogs", "scopeLogs", "logRecords")
  }

  private func things(
    _ count: Int, _ resources: String, _ scopes: String, _ name: String
  ) throws -> [[String: Any]] {
    var things: [[String: Any]] = []
    _ = try eventually {
      things = try bodies.flatMap { body in
        let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        let resource = (object?[resources] as? [[String: Any]])?.first
        let scope = (resource?[scopes] as? [[String: Any]])?.first
        return scope?[name] as? [[String: Any]] ?? []
      }
      return things.count >= count
    }
    #expect(things.count == count)
    return things
  }

  /// The resource of the first body.
  func resource() throws -> [String: String] {
    let body = try #require(bodies.first)
    let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
    let resources = (object?["resourceSpans"] ?? object?["resourceLogs"]) as? [[String: Any]]
    return Collector.attributes(of: resources?.first?["resource"] as? [String: Any] ?? [:])
  }

  /// Attributes by name, with their values as text.
  static func attributes(of thing: [String: Any]) -> [String: String] {
    var result: [String: String] = [:]
    for entry in thing["attributes"] as? [[String: Any]] ?? [] {
      let value = entry["value"] as? [String: Any] ?? [:]
      result[entry.string("key")] = value.first.map { "\($0.value)" }
    }
    return result
  }
}
