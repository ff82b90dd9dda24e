import Foundation
import Glibc

/// Runs `body` on a separate thread, because blocking calls must not occupy the cooperative pool.
func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}

/// Why a client failed.
struct ClientError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = "\(description): errno \(errno)" }
}

/// A client of raw bytes over a blocking socket whose calls take at most ten seconds.
final class RawClient {
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    var one: Int32 = 1
    let length = socklen_t(MemoryLayout<timeval>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, length)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, length)
    _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw ClientError("connect") }
  }

  deinit { close(descriptor) }

  func send(_ text: String) throws { try send(Array(text.utf8)[...]) }

  func send(_ bytes: ArraySlice<UInt8>) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw ClientError("send") }
      rest = rest.dropFirst(count)
    }
  }

  /// Shuts down the sending direction.
  func endSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Waits until the connection is reset, without reading a byte.
  func isReset() -> Bool {
    var waiting = pollfd(fd: descriptor, events: 0, revents: 0)
    return unsafe poll(&waiting, 1, 10_000) == 1 && waiting.revents & Int16(POLLERR) != 0
  }

  /// Receives the available bytes; false at the end of the connection.
  private func receive() throws -> Bool {
    var room = [UInt8](repeating: 0, count: 64 * 1024)
    let count = unsafe recv(descriptor, &room, room.count, 0)
    guard count >= 0 else { throw ClientError("receive, after \(text(buffer.prefix(200)))") }
    buffer.append(contentsOf: room[..<count])
    return count > 0
  }

  /// The next head, including its empty line.
  func head() throws -> String {
    let mark = Array("\r\n\r\n".utf8)
    while true {
      if let end = firstRange(of: mark) {
        let head = text(buffer[..<end])
        buffer.removeFirst(end)
        return head
      }
      guard try receive() else { throw ClientError("the connection ended in a head") }
    }
  }

  private func firstRange(of mark: [UInt8]) -> Int? {
    guard buffer.count >= mark.count else { return nil }
    for i in 0...(buffer.count - mark.count) where buffer[i] == mark[0] {
      if buffer[i..<i + mark.count].elementsEqual(mark) { return i + mark.count }
    }
    return nil
  }

  /// The next answer, with a body according to Content-Length, or without one for HEAD.
  func answer(isHead: Bool = false) throws -> Answer {
    let head = Head(text: try head())
    var body: [UInt8] = []
    if !isHead, let length = head.field("content-length").flatMap({ Int($0) }) {
      while buffer.count < length {
        guard try receive() else { throw ClientError("the connection ended in a body") }
      }
      body = Array(buffer[..<length])
      buffer.removeFirst(length)
    }
    return Answer(head: head, body: text(body[...]))
  }

  /// Reads until the connection ends. Returns how many bytes arrived, and whether all were zero.
  func zerosUntilEnd() throws -> (count: Int, allZero: Bool) {
    var count = buffer.count
    var allZero = buffer.allSatisfy { $0 == 0 }
    let zeros = [UInt8](repeating: 0, count: 256 * 1024)
    var room = zeros
    while true {
      let length = unsafe recv(descriptor, &room, room.count, 0)
      if length == 0 { return (count, allZero) }
      guard length > 0 else { throw ClientError("receive") }
      count += length
      allZero = unsafe allZero && memcmp(room, zeros, length) == 0
    }
  }

  /// All bytes up to the end.
  func rest() throws -> String {
    while try receive() {}
    return text(buffer[...])
  }

  /// Whether the connection ends here properly, without another byte.

  func hasEnded() throws -> Bool {
    if !buffer.isEmpty { return false }
    return try !receive()
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// The head of an answer.
struct Head: Sendable {
  let text: String
  private var lines: [String] { text.components(separatedBy: "\r\n") }

  var status: Int { Int(lines[0].split(separator: " ")[1]) ?? 0 }

  init(text: String) { self.text = text }

  /// The value of the field `name`, which is in lower case.
  func field(_ name: String) -> String? {
    for line in lines.dropFirst() where line.lowercased().hasPrefix(name + ":") {
      return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
    }
    return nil
  }
}

struct Answer: Sendable {
  let head: Head
  let body: String
  var status: Int { head.status }
  func field(_ name: String) -> String? { head.field(name) }
}
