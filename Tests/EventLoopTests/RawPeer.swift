import Glibc
import System

/// The other end of a loop's connection: a blocking socket whose calls take at most ten seconds.
final class RawPeer: Sendable {
  let descriptor: Int32

  /// Connects to a loopback port.
  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw SystemError(number: errno) }
    limitTime()
  }

  /// Takes over a connected socket.
  init(owning descriptor: Int32) {
    self.descriptor = descriptor
    limitTime()
  }

  deinit { close(descriptor) }

  private func limitTime() {
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    let length = socklen_t(MemoryLayout<timeval>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, length)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, length)
  }

  /// Sends all of `bytes`; false if the connection does not accept them.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes[sent...].withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  func endSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Resets the connection now.
  func reset() {
    // Dissolving an established connection sends a reset: connect(2), AF_UNSPEC.
    var nowhere = sockaddr()
    nowhere.sa_family = sa_family_t(AF_UNSPEC)
    _ = unsafe connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
  }

  /// Receives `count` bytes, or fewer if the connection ends.
  func receive(_ count: Int) throws -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let length = unsafe result.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress! + filled, count - filled, 0)
      }
      guard length >= 0 else { throw SystemError(number: errno) }
      if length == 0 { break }
      filled += length
    }
    return Array(result[..<filled])
  }

  func text(_ count: Int) throws -> String { String(decoding: try receive(count), as: UTF8.self) }

  /// Whether the connection ends properly here.
  func hasEnded() throws -> Bool { try receive(1).isEmpty }
}
