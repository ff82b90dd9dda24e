import Foundation
import Glibc

/// How a peer ended the connection.
enum WireEnd: Error, Equatable {
  /// It closed the connection.
  case closed
  /// It reset the connection.
  case reset
  /// Nothing arrived for ten seconds.
  case silent
}

/// A TCP connection over a blocking socket. No call takes longer than ten seconds unless another limit is set.
final class Wire {
  private let descriptor: Int32
  /// Bytes received and not taken yet.
  private(set) var buffer: [UInt8] = []
  private var isOpen = true

  /// Takes ownership of a connected socket.
  init(owning descriptor: Int32) {
    self.descriptor = descriptor
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    var one: Int32 = 1
    let length = socklen_t(MemoryLayout<timeval>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, length)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, length)
    _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
  }

  /// Connects to a port of this machine. `receiveBuffer` limits what the kernel buffers for a reader that does not
  /// read.
  convenience init(port: UInt16, receiveBuffer: Int32? = nil) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBuffer {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
    }
    self.init(owning: descriptor)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw WireEnd.reset }
  }

  /// Connects to a Unix socket.
  convenience init(unixPath path: String) throws {
    self.init(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
      // The rest stays zero.
      unsafe room.copyBytes(from: path.utf8.prefix(room.count - 1))
    }
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0 else { throw WireEnd.reset }
  }

  deinit { close() }

  // MARK: Sending

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    Changes.note()
    guard isOpen else { throw WireEnd.closed }
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { source in
        unsafe Glibc.send(
          descriptor, source.baseAddress! + sent, source.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw errno == EAGAIN ? WireEnd.silent : .reset }
      sent += count
    }
  }

  /// Shuts down the sending direction.
  func endSending() { if isOpen { _ = shutdown(descriptor, Int32(SHUT_WR)) } }

  /// Closes with a reset.
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  func close() {
    if isOpen { _ = Glibc.close(descriptor) }
    isOpen = false
    Changes.note()
  }

  // MARK: Receiving

  /// Seconds to wait for the next bytes.
  var receiveLimit = 10 {
    didSet {
      var limit = timeval(tv_sec: receiveLimit, tv_usec: 0)
      _ = unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  /// Receives the next available bytes.
  func receive() throws {
    Changes.note()
    // The number of a closed descriptor may belong to another connection by now.
    guard isOpen else { throw WireEnd.closed }
    var room = [UInt8](repeating: 0, count: 256 * 1024)
    let count = unsafe recv(descriptor, &room, room.count, 0)
    guard count > 0 else {
      throw count == 0 ? WireEnd.closed : errno == EAGAIN ? .silent : .reset
    }
    buffer.append(contentsOf: room[..<count])
  }

  /// Takes exactly `count` bytes.
  func take(_ count: Int) throws -> [UInt8] {
    while buffer.count < count { try receive() }
    let taken = Array(buffer[..<count])
    buffer.removeFirst(count)
    return taken
  }

  /// Takes everything up to and including the first `mark`.
  func take(through mark: String) throws -> String {
    let mark = Array(mark.utf8)
    var searched = 0
    while true {
      if let end = end(of: mark, from: searched) {
        return String(decoding: try take(end), as: UTF8.self)
      }
      searched = max(0, buffer.count - mark.count)
      try receive()
    }
  }

  private func end(of mark: [UInt8], from start: Int) -> Int? {
    guard buffer.count >= start + mark.count else { return nil }
    for i in start...(buffer.count - mark.count) where buffer[i] == mark[0] {
      if buffer[i..<i + mark.count].elementsEqual(mark) { return i + mark.count }
    }
    return nil
  }

  /// Takes everything up to the peer's end, and returns how it ended.
  func takeAll() -> (bytes: [UInt8], end: WireEnd) {
    var end = WireEnd.closed
    do { while true { try receive() } } catch { end = error as? WireEnd ?? .reset }
    let bytes = buffer
    buffer = []
    return (bytes, end)
  }

  /// Whether bytes are available, or arrive within this many milliseconds.
  func hasInput(within milliseconds: Int32) -> Bool {
    if !buffer.isEmpty { return true }
    guard isOpen else { return false }
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&waiting, 1, milliseconds) > 0
  }
}
