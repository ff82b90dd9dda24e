import Foundation
import Glibc
import Synchronization

/// An upstream that sends raw bytes. Each connection follows a script on a separate thread.
final class HostileUpstream: Sendable {
  enum Step: Sendable {
    /// Reads a request: its head, and the body that its framing announces.
    case request
    /// Reads a request's head.
    case head
    /// Reads this many bytes.
    case read(Int)
    case send(String)
    /// Sends a redirect. `{origin}` in it is replaced by this server's origin.
    case location(String)
    case bytes(Int)
    /// Waits until the test opens the gate.
    case wait(Gate)
    /// Shuts down its sending direction.
    case endSending
    case reset
    /// Reads until the peer ends, and notes how it ended.
    case untilEnd
  }

  /// What a connection received.
  struct Record: Sendable {
    var received: [UInt8] = []
    /// The bytes of `.bytes` sent so far.
    var sent = 0
    var changedAt = ContinuousClock.now
    /// How the peer ended; nil if it has not, or if that was not observed.
    var end: WireEnd?
    var text: String { String(decoding: received, as: UTF8.self) }
  }

  private let listener: LoopbackListener
  var port: UInt16 { listener.port }
  private let scripts: [[Step]]
  private let state = Mutex<[Record]>([])

  /// The first connection follows the first script, and so on. The last script serves all further connections.
  init(_ scripts: [Step]...) throws {
    self.scripts = scripts
    listener = try LoopbackListener()
    listener.serve(
      onAccept: { [self] in state.withLock { $0.append(Record()) } },
      { [self] wire, number in follow(scripts[min(number, scripts.count - 1)], number, wire) })
  }

  /// Stops accepting. Connections end with their scripts.
  func stop() { listener.stop() }

  var connections: [Record] { state.withLock { $0 } }

  /// Whether no connection has sent anything for a while.
  var isStuck: Bool {
    connections.allSatisfy { ContinuousClock.now - $0.changedAt > .milliseconds(200) }
  }

  /// The heads of all requests, in the order of the connections.
  var heads: [Head] {
    connections.flatMap { record in
      record.text.components(separatedBy: "\r\n\r\n").filter { $0.contains(" HTTP/1.1\r\n") }
    }.map { Head(text: $0) }
  }

  private func follow(_ script: [Step], _ number: Int, _ wire: Wire) {
    do {
      for step in script { try take(step, number, wire) }
    } catch {
      let end = error as? WireEnd
      state.withLock { $0[number].end = end }
    }
  }

  private func take(_ step: Step, _ number: Int, _ wire: Wire) throws {
    switch step {
    case .head: note(Array(try wire.take(through: "\r\n\r\n").utf8), number)
    case .request:
      let head = try wire.take(through: "\r\n\r\n")
      note(Array(head.utf8), number)
      if let length = Head(text: head)["Content-Length"].flatMap({ Int($0) }) {
        note(try wire.take(length), number)
      } else if Head(text: head)["Transfer-Encoding"] != nil {
        note(Array(try wire.take(through: "0\r\n\r\n").utf8), number)
      }
    case .read(let count): note(try wire.take(count), number)
    case .send(let text): try wire.send(text)
    case .location(let target):
      let target = target.replacing("{origin}", with: "http://127.0.0.1:\(port)")
      try wire.send("HTTP/1.1 302 Found\r\nLocation: \(target)\r\nContent-Length: 0\r\n\r\n")
    case .bytes(let count):
      let block = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
      for start in stride(from: 0, to: count, by: block.count) {
        let part = min(block.count, count - start)
        try wire.send(Array(block[..<part]))
        state.withLock {
          $0[number].sent += part
          $0[number].changedAt = .now
        }
      }
    case .wait(let gate): gate.wait()
    case .endSending: wire.endSending()
    case .reset: wire.reset()
    case .untilEnd:
      let (bytes, end) = wire.takeAll()
      note(bytes, number)
      state.withLock { $0[number].end = end }
    }
  }

  private func note(_ bytes: [UInt8], _ number: Int) {
    state.withLock { $0[number].received += bytes }
  }
}

/// A port that is bound but not listened on, so that connections are refused while this object lives.
final class DeafPort {
  let number: UInt16
  private let descriptor: Int32

  init() throws { (descriptor, number) = try bindLoopback() }

  deinit { close(descriptor) }
}

/// A socket bound to a free port of this machine.
func bindLoopback() throws -> (descriptor: Int32, port: UInt16) {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      unsafe bind(descriptor, address, length) == 0
        && getsockname(descriptor, address, &length) == 0
    }
  }
  guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
  return (descriptor, UInt16(bigEndian: address.sin_port))
}

extension HostileUpstream.Step {
  /// A whole answer.
  static func answer(_ body: String = "{}", _ fields: String = "") -> HostileUpstream.Step {
    .send("HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }
}
