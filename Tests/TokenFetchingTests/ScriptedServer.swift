import Foundation
import Glibc
import Synchronization

/// A server of raw bytes on loopback. A blocking thread per connection answers every request as the script says, and
/// keeps the requests.
///
/// It understands just enough HTTP to find the end of a request, so that a test can answer with anything.
final class ScriptedServer: Sendable {
  enum Answer: Sendable {
    /// Sends these bytes, then closes the connection unless `keepOpen`.
    case bytes([UInt8], keepOpen: Bool = false)
    /// Sends nothing until the client closes.
    case hang
  }

  private struct State {
    var requests: [String] = []
    var connections = 0
  }

  let port: UInt16
  private let listener: Int32
  private let state = Mutex(State())
  private let answer: @Sendable (_ request: String, _ number: Int) -> Answer

  /// `answer` is called on the server's threads with the text of each request and its number, from 0.
  init(_ answer: @escaping @Sendable (_ request: String, _ number: Int) -> Answer) throws {
    self.answer = answer
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe bind(listener, address, length) == 0 && listen(listener, 64) == 0
          && getsockname(listener, address, &length) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in acceptAll() }
  }

  convenience init(_ bytes: String) throws {
    try self.init { _, _ in .bytes(Array(bytes.utf8)) }
  }

  func url(_ path: String = "/token") -> String { "http://127.0.0.1:\(port)\(path)" }
  var requests: [String] { state.withLock { $0.requests } }
  var connections: Int { state.withLock { $0.connections } }

  /// Ends the accepting thread. Connections end with their clients.
  func stop() { _ = shutdown(listener, Int32(SHUT_RDWR)) }

  private func acceptAll() {
    while true {
      let connection = accept(listener, nil, nil)
      if connection < 0 { break }
      state.withLock { $0.connections += 1 }
      Thread.detachNewThread { [self] in serve(connection) }
    }
    close(listener)
  }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    while let request = readRequest(connection) {
      let number = state.withLock { state in
        state.requests.append(request)
        return state.requests.count - 1
      }
      switch answer(request, number) {
      case .bytes(let bytes, let keepOpen):
        var rest = bytes[...]
        while !rest.isEmpty {
          let sent = unsafe rest.withUnsafeBytes {
            unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
          }
          if sent <= 0 { return }
          rest = rest.dropFirst(sent)
        }
        if !keepOpen { return }
      case .hang:
        var byte: UInt8 = 0
        while unsafe recv(connection, &byte, 1, 0) > 0 {}
        return
      }
    }
  }

  /// The head and body of the next request; nil if the client has closed.
  private func readRequest(_ connection: Int32) -> String? {
    var text = ""
    var room = [UInt8](repeating: 0, count: 4096)
    while true {
      if let end = text.range(of: "\r\n\r\n") {
        let lines = text[..<end.lowerBound].lowercased().components(separatedBy: "\r\n")
        let length = lines.compactMap { line in
          line.hasPrefix("content-length:")
            ? Int(line.dropFirst(15).trimmingCharacters(in: .whitespaces)) : nil
        }.first
        if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
      }
      let count = unsafe recv(connection, &room, room.count, 0)
      // A TLS handshake is not a request, so the connection is closed.
      if count <= 0 || room[0] < 0x20 { return nil }
      text += String(decoding: room[..<count], as: UTF8.self)
    }
  }
}

/// A 200 with a body.
func ok(_ body: String, keepOpen: Bool = false) -> ScriptedServer.Answer {
  .bytes(Array(respond(200, body).utf8), keepOpen: keepOpen)
}

func respond(_ status: Int, _ body: String, fields: String = "") -> String {
  "HTTP/1.1 \(status) Whatever\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
}
