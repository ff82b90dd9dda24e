import Foundation
import Gateway
import Glibc
import Synchronization
import System

/// An upstream that counts: it answers every request of every connection, and records when each arrived.
final class LimitsUpstream: Sendable {
  /// How it replies to a request.
  enum Reply: Sendable {
    case ok
    /// A status with additional field lines, each with its CRLF.
    case status(Int, String)
    /// Resets the connection.
    case reset
    /// Does not answer while the connection lasts.
    case silence
    /// Answers once the gate is open.
    case after(Gate)
    /// Waits until this many requests have arrived in total, and then replies in the given way.
    indirect case onceArrived(Int, Reply)
  }

  struct Record: Sendable {
    let cameAt: ContinuousClock.Instant
    var repliedAt: ContinuousClock.Instant?
    let target: String
  }

  private let listener: LoopbackListener
  var port: UInt16 { listener.port }
  private let reply: @Sendable (Int) -> Reply
  private let state = Mutex<[Record]>([])

  /// `reply` returns the reply to the request with this number, counted from 0.
  init(_ reply: @escaping @Sendable (Int) -> Reply = { _ in .ok }) throws {
    self.reply = reply
    listener = try LoopbackListener()
    listener.serve { [self] wire, _ in try serve(wire) }
  }

  func stop() { listener.stop() }

  /// The requests in the order in which they arrived.
  var records: [Record] { state.withLock { $0 } }

  private func serve(_ wire: Wire) throws {
    while true {
      let head = Head(text: try wire.take(through: "\r\n\r\n"))
      if let length = head["Content-Length"].flatMap({ Int($0) }) { _ = try wire.take(length) }
      let target = head.startLine.split(separator: " ").dropFirst().first.map(String.init) ?? ""
      let number = state.withLock { records in
        records.append(Record(cameAt: .now, target: target))
        return records.count - 1
      }
      guard try follow(reply(number), number, wire) else { return }
    }
  }

  /// Returns whether the connection stays open.
  private func follow(_ reply: Reply, _ number: Int, _ wire: Wire) throws -> Bool {
    switch reply {
    case .ok: return try follow(.status(200, ""), number, wire)
    case .status(let status, let fields):
      state.withLock { $0[number].repliedAt = .now }
      try wire.send("HTTP/1.1 \(status) Some Reason\r\n\(fields)Content-Length: 2\r\n\r\n{}")
      return true
    case .reset:
      wire.reset()
      return false
    case .silence:
      _ = wire.takeAll()
      return false
    case .after(let gate):
      gate.wait()
      return try follow(.ok, number, wire)
    case .onceArrived(let count, let next):
      _ = eventually { state.withLock { $0.count } >= count }
      return try follow(next, number, wire)
    }
  }
}

extension GatewayRig {
  /// A gateway with these limits, in the form of the configuration, in front of an upstream that counts.
  convenience init(
    limits: String, callers: String = "", listen: String = "", upstream: LimitsUpstream,
    _ overrides: [String: String] = [:], threads: Int = 1
  ) throws {
    let yaml = """
      apps: [{name: main, id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}]
      limits: [\(limits)]
      \(listen)
      \(callers)
      """
    try self.init(upstream: upstream.port, yaml: yaml, overrides, threads: threads)
  }

  /// The rows of `/api/limits`.
  func limits() throws -> [[String: Any]] {
    guard let port = gateway.adminAddress?.port else { return [] }
    let answer = try Wire(port: port).call("GET", "/api/limits?format=json")
    return answer.json["limits"] as? [[String: Any]] ?? []
  }

  /// The value of the metric line that begins with `name`; nil if there is none.
  func metric(_ name: String) throws -> Double? {
    guard let port = gateway.adminAddress?.port else { return nil }
    let text = try Wire(port: port).call("GET", "/metrics").text
    return text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
      .flatMap { Double($0.dropFirst(name.count + 1)) }
  }

  /// The number of calls that wait for this limit.
  func waiting(_ limit: String) throws -> Int {
    Int(try metric("scorm_gateway_limit_waiting{limit=\"\(limit)\"}") ?? -1)
  }

  /// Sends a request on each of `count` new connections, which are all opened before.
  func sendAtOnce(
    _ count: Int, _ target: String = "/api/v2/courses", _ fields: [String] = []
  ) throws -> [Wire] {
    let wires = try (0..<count).map { _ in try caller() }
    for wire in wires { try wire.send(Wire.request("GET", target, fields)) }
    return wires
  }
}

extension Wire {
  /// Connects to a listener on any address of this machine.
  static func connected(to host: String, _ port: UInt16) throws -> Wire {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw WireEnd.reset }
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw WireEnd.reset }
    return Wire(owning: descriptor)
  }
}

/// A Structured Field list of strings with parameters (RFC 9651), like the RateLimit fields. Nil for anything else.
struct LimitsField {
  struct Item: Equatable {
    var name: String
    var parameters: [String: String] = [:]
    func int(_ key: String) -> Int? { parameters[key].flatMap { Int($0) } }
  }

  static func parse(_ text: String) -> [Item]? {
    var rest = Substring(text)
    var items: [Item] = []
    repeat {
      if !items.isEmpty {
        rest = rest.drop { $0 == " " }
        guard rest.popFirst() == "," else { return nil }
        rest = rest.drop { $0 == " " }
      }
      guard let name = string(&rest) else { return nil }
      var item = Item(name: name)
      while rest.first == ";" {
        rest = rest.dropFirst().drop { $0 == " " }
        let key = String(rest.prefix { $0.isLowercase || $0.isNumber || $0 == "-" || $0 == "_" })
        rest = rest.dropFirst(key.count)
        guard !key.isEmpty, rest.popFirst() == "=" else { return nil }
        if rest.first == "\"" {
          guard let value = string(&rest) else { return nil }
          item.parameters[key] = value
        } else {
          let value = String(rest.prefix { $0.isNumber || $0 == "-" })
          guard Int(value) != nil, value.count <= 15 else { return nil }
          rest = rest.dropFirst(value.count)
          item.parameters[key] = value
        }
      }
      items.append(item)
    } while !rest.isEmpty
    return items
  }

  private static func string(_ rest: inout Substring) -> String? {
    guard rest.popFirst() == "\"" else { return nil }
    var text = ""
    while let next = rest.popFirst() {
      if next == "\"" { return text }
      if next == "\\" {
        guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else { return nil }
        text.append(escaped)
      } else {
        text.append(next)
      }
    }
    return nil
  }
}
