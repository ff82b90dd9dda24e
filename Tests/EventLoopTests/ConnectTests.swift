import EventLoop
import Foundation
import Glibc
import Memory
import System
import Testing

@Suite("Connecting and listening", .timeLimit(.minutes(5)))
struct ConnectTests {
  private static let tag = SocketTag(kind: 2, record: .none)

  /// A loopback port on which nothing listens.
  private static func freePort() throws -> UInt16 {
    try ListeningSocket(tcp: loopback(port: 0)).address.port
  }

  /// Passes an empty directory to `body` and removes it afterwards.
  private static func withDirectory(_ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "el-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path())
  }

  @Test("A loop connects to a listener, and bytes sent before that are not lost")
  func connects() async throws {
    try await onOwnThread {
      let server = try LoopRig()
      let client = try LoopRig(listens: false)
      let target = try #require(server.address)
      client.post { loop in
        do {
          let socket = try loop.connect(to: target, tls: nil, tag: ConnectTests.tag)
          loop.send(Array("early".utf8).span.bytesOfElements, to: socket)
        } catch { Issue.record("\(error)") }
      }
      let accepted = try server.journal.waitForAccepted()
      try server.journal.wait(for: .received(accepted, Array("early".utf8)))
      let events = client.journal.all
      #expect(events.contains { if case .connected = $0 { true } else { false } })
    }
  }

  @Test("A refused connection is told as such")
  func refused() async throws {
    try await onOwnThread {
      let rig = try LoopRig(listens: false)
      let target = try loopback(port: ConnectTests.freePort())
      rig.post { loop in
        do {
          _ = try loop.connect(to: target, tls: nil, tag: ConnectTests.tag)
        } catch { Issue.record("\(error)") }
      }
      let failure: SocketFailure = try rig.journal.wait(for: "failure") { events in
        for case .failed(_, let failure) in events { return failure }
        return nil
      }
      #expect(failure == .connect(SystemError(number: ECONNREFUSED)))
    }
  }

  @Test("A port that another one listens on is refused, and the error says what to do")
  func portTaken() throws {
    let first = try ListeningSocket(tcp: loopback(port: 0))
    let address = first.address
    #expect {
      _ = try ListeningSocket(tcp: address)
    } throws: { error in
      "\(error)"
        == "cannot listen on \(address): another process listens there; stop it or choose another address"
    }
  }

  @Test("A Unix socket has the mode asked for, and its file goes with it")
  func unixSocket() throws {
    try ConnectTests.withDirectory { directory in
      let path = directory + "/s"
      do {
        let listener = try ListeningSocket(unixPath: path, mode: 0o660)
        var status = stat()
        #expect(unsafe lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        #expect(throws: ListeningSocket.BindError.self) {
          _ = try ListeningSocket(unixPath: path, mode: 0o660)
        }
        #expect(FileManager.default.fileExists(atPath: path))
        withExtendedLifetime(listener.address) {}
      }
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test("A socket file that a process left behind is replaced")
  func staleSocket() throws {
    try ConnectTests.withDirectory { directory in
      let path = directory + "/s"
      // The file of a bound socket remains when the socket is closed.
      let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
        unsafe target.copyBytes(from: path.utf8)
      }
      let status = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(left, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      #expect(status == 0)
      close(left)
      #expect(FileManager.default.fileExists(atPath: path))
      let listener = try ListeningSocket(unixPath: path, mode: 0o600)
      #expect(listener.address.description == "unix:\(path)")
    }
  }

  @Test("A file that is no socket is left alone")
  func foreignFile() throws {
    try ConnectTests.withDirectory { directory in
      let path = directory + "/precious"
      try "content".write(toFile: path, atomically: false, encoding: .utf8)
      #expect {
        _ = try ListeningSocket(unixPath: path, mode: 0o600)
      } throws: { error in
        "\(error)" == "\(path) exists and is not a socket; remove it or choose another"
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "content")
    }
  }

  @Test(
    "A path that does not fit a socket address is refused",
    arguments: ["", String(repeating: "a", count: 108)])
  func longPath(_ path: String) {
    #expect(throws: ListeningSocket.BindError.self) {
      _ = try ListeningSocket(unixPath: path, mode: 0o600)
    }
  }
}
