import Glibc

/// The test's end of a connection: raw bytes, and no call that waits.
///
/// All connections are Unix sockets, where bytes that one side sends are available to the other when the call returns.
/// So a test and the loop that it drives can alternate on one thread. What has not arrived when the loop is done will
/// not arrive.
final class RawPeer {
  private let descriptor: Int32
  /// Bytes that arrived and were not taken yet.
  private var received: [UInt8] = []
  private var ended = false

  init(owning descriptor: Int32) { self.descriptor = descriptor }

  /// Connects to a Unix socket.
  convenience init(connectedTo path: String) throws {
    self.init(owning: try unixSocket())
    let status = unsafe withUnixAddress(path) { unsafe Glibc.connect(descriptor, $0, $1) }
    guard status == 0 else { throw RigError("no connection to \(path): errno \(errno)") }
  }

  deinit { Glibc.close(descriptor) }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Sends all of `bytes`, which must fit the socket's buffer.
  func send(_ bytes: [UInt8]) throws {
    let count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    guard count == bytes.count else { throw RigError("only \(count) bytes are sent") }
  }

  func endSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Ends both directions, like a process that has ended.
  func leave() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Takes the bytes that have arrived so far.
  func take() -> String { String(decoding: takeBytes(), as: UTF8.self) }

  func takeBytes() -> [UInt8] {
    look()
    defer { received = [] }
    return received
  }

  /// Whether the other side has ended and all its bytes were taken.
  var hasEnded: Bool {
    look()
    return ended && received.isEmpty
  }

  private func look() {
    var room = [UInt8](repeating: 0, count: 64 * 1024)
    while !ended {
      let count = unsafe recv(descriptor, &room, room.count, Int32(MSG_DONTWAIT))
      if count < 0, errno == EAGAIN { return }
      if count > 0 { received += room[..<count] } else { ended = true }
    }
  }
}

/// A server's socket whose connections a test accepts when it chooses.
final class RawListener {
  private let descriptor: Int32

  /// - Parameter path: a path where nothing exists yet.
  init(at path: String) throws {
    descriptor = try unixSocket()
    let status = unsafe withUnixAddress(path) { unsafe bind(descriptor, $0, $1) }
    guard status == 0, listen(descriptor, 64) == 0, fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
    else { throw RigError("cannot listen on \(path): errno \(errno)") }
  }

  deinit { close(descriptor) }

  /// The next connection; nil if none was made.
  func accept() -> RawPeer? {
    let number = Glibc.accept(descriptor, nil, nil)
    return number < 0 ? nil : RawPeer(owning: number)
  }
}

struct RigError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

private func unixSocket() throws -> Int32 {
  let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  guard number >= 0 else { throw RigError("out of descriptors") }
  return number
}

private func withUnixAddress(
  _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  // Proof: the path is cut to the available room, and the rest of that stays zero.
  unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
    unsafe room.copyBytes(from: path.utf8.prefix(room.count - 1))
  }
  return unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
}
