import Foundation
import Glibc
import Synchronization
import System
import Testing

@testable import EventLoop

/// Two processes share the name of a Unix socket while one replaces the other.
@Suite("The file of a Unix socket", .timeLimit(.minutes(1)))
struct UnixSocketFileTests {
  /// A listener that accepts no more callers, like that of a process that finishes its calls.
  private final class Leaving {
    private var socket: ListeningSocket?

    init(_ path: String) throws {
      let socket = try ListeningSocket(unixPath: path, mode: 0o600)
      _ = shutdown(socket.descriptor.number, Int32(SHUT_RDWR))
      self.socket = consume socket
    }

    func end() { socket = nil }
  }

  private static func withPath(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "us-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder + "/s")
  }

  @Test("The end of a process leaves its successor's socket where callers find it")
  func successor() throws {
    try UnixSocketFileTests.withPath { path in
      let old = try Leaving(path)
      let new = try ListeningSocket(unixPath: path, mode: 0o600)
      old.end()
      let file = new.file
      #expect(file?.isInPlace == true)
      #expect(FileManager.default.fileExists(atPath: path))
    }
  }

  @Test("Of three that follow each other the last has the name, whatever the order of their ends")
  func three() throws {
    try UnixSocketFileTests.withPath { path in
      let first = try Leaving(path)
      let second = try Leaving(path)
      let last = try ListeningSocket(unixPath: path, mode: 0o600)
      second.end()
      first.end()
      let file = last.file
      #expect(file?.isInPlace == true)
    }
  }

  @Test("A gateway that says that it ends gives its name away while callers still reach it")
  func leaving() throws {
    try UnixSocketFileTests.withPath { path in
      let old = try ListeningSocket(unixPath: path, mode: 0o600)
      let early = UnixSocketFileTests.refusal { try ListeningSocket(unixPath: path, mode: 0o600) }
      #expect(early == "another process listens on \(path)")
      old.markLeaving()
      #expect(UnixSocketFileTests.connects(path: path))
      let new = try ListeningSocket(unixPath: path, mode: 0o640)
      let (oldFile, newFile) = (old.file, new.file)
      #expect(oldFile?.isInPlace == false && newFile?.isInPlace == true)
      #expect(UnixSocketFileTests.connects(path: path))
      var status = stat()
      #expect(unsafe lstat(path, &status) == 0 && status.st_mode & 0o7777 == 0o640)
      let names = try FileManager.default.contentsOfDirectory(
        atPath: (path as NSString).deletingLastPathComponent)
      #expect(names == ["s"], "nothing is left of the way there")
      // A process that has not announced its end keeps the name.
      #expect(
        UnixSocketFileTests.refusal { try ListeningSocket(unixPath: path, mode: 0o600) } != nil)
      withExtendedLifetime((old.address, new.address)) {}
    }
  }

  @Test("At each moment of a change of names a caller finds a socket that takes it")
  func noGap() throws {
    try UnixSocketFileTests.withPath { path in
      let hasEnded = Mutex(false)
      let refused = Mutex(0)
      let calls = Mutex(0)
      var current = try ListeningSocket(unixPath: path, mode: 0o600)
      let caller = Thread {
        while !hasEnded.withLock({ $0 }) {
          if !UnixSocketFileTests.connects(path: path) { refused.withLock { $0 += 1 } }
          calls.withLock { $0 += 1 }
        }
      }
      caller.start()
      for round in 1...200 {
        // Connections are made meanwhile too.
        while calls.withLock({ $0 }) < round * 2 { sched_yield() }
        current.markLeaving()
        let next = try ListeningSocket(unixPath: path, mode: 0o600)
        current = next
      }
      hasEnded.withLock { $0 = true }
      while !caller.isFinished { sched_yield() }
      #expect(refused.withLock { $0 } == 0)
      withExtendedLifetime(current.address) {}
    }
  }

  @Test(
    "A socket that somebody else made keeps its file and its rights when a process is done with it")
  func inherited() throws {
    try UnixSocketFileTests.withPath { path in
      let maker = try ListeningSocket(unixPath: path, mode: 0o612)
      do {
        let number = UnixSocketFileTests.copy(maker)
        let copy = try #require(number)
        let heir = ListeningSocket(
          inherited: Descriptor(owning: copy), at: maker.address, isShared: true)
        let file = heir.file
        #expect(file == nil)
      }
      var status = stat()
      #expect(unsafe lstat(path, &status) == 0 && status.st_mode & 0o7777 == 0o612)
      #expect(UnixSocketFileTests.connects(path: path))
      // The successor must remove its predecessor's file.
      let file = try #require(UnixSocketFile(at: path))
      maker.disown()
      do {
        let number = UnixSocketFileTests.copy(maker)
        let copy = try #require(number)
        let heir = ListeningSocket(
          inherited: Descriptor(owning: copy), at: maker.address, isShared: false, file: file)
        withExtendedLifetime(heir.address) {}
      }
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  private static func copy(_ socket: borrowing ListeningSocket) -> Int32? {
    socket.duplicate()?.release()
  }

  private static func refusal(_ body: () throws -> ListeningSocket) -> String? {
    do {
      _ = try body()
      return nil
    } catch { return "\(error)" }
  }

  private static func connects(path: String) -> Bool {
    guard var address = SocketAddress(unixPath: path) else { return false }
    let number = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    return unsafe withUnsafePointer(to: &address.storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(number, $0, address.length)
      }
    } == 0
  }

  @Test("A socket whose file was removed or replaced is known to be out of reach")
  func lost() throws {
    try UnixSocketFileTests.withPath { path in
      let socket = try ListeningSocket(unixPath: path, mode: 0o600)
      let known = socket.file
      let file = try #require(known)
      #expect(file.isInPlace)
      try FileManager.default.removeItem(atPath: path)
      #expect(!file.isInPlace)
      try "something else".write(toFile: path, atomically: false, encoding: .utf8)
      #expect(!file.isInPlace)
      try FileManager.default.removeItem(atPath: path)
      let other = try ListeningSocket(unixPath: path, mode: 0o600)
      #expect(!file.isInPlace)
      let others = other.file
      #expect(others?.isInPlace == true)
      withExtendedLifetime(socket.address) {}
    }
  }

  @Test("Of many that start at the same instant one gets the name, and keeps it")
  func race() throws {
    try UnixSocketFileTests.withPath { path in
      _ = try Leaving(path)
      let threads = 8
      let outcome = Outcome()
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        if let socket = try? ListeningSocket(unixPath: path, mode: 0o600) { outcome.add(socket) }
      }
      #expect(outcome.inPlace == [true])
    }
  }

  private final class Outcome: @unchecked Sendable {
    // @unchecked: protected by the lock.
    private let lock = NSLock()
    private var kept: [Kept] = []

    private final class Kept {
      let socket: ListeningSocket
      init(_ socket: consuming ListeningSocket) { self.socket = socket }
    }

    func add(_ socket: consuming ListeningSocket) {
      let one = Kept(socket)
      lock.withLock { kept.append(one) }
    }

    var inPlace: [Bool] { lock.withLock { kept.map { $0.socket.file?.isInPlace ?? false } } }
  }

  @Test("Both loopbacks reach the unspecified IPv6 address, unless IPv4 is somebody else's")
  func bothFamilies() throws {
    let any = try #require(SocketAddress(numericHost: "::", port: 0))
    let both: ListeningSocket
    do { both = try ListeningSocket(tcp: any) } catch {
      // On a machine without IPv6 the error says so, and names the remedy.
      #expect("\(error)".contains("use 0.0.0.0"))
      return
    }
    #expect(UnixSocketFileTests.connects("127.0.0.1", both.address.port))
    #expect(UnixSocketFileTests.connects("::1", both.address.port))
    // The IPv4 port is bound from the beginning, so no other process on this machine gets it meanwhile.
    let v4 = try #require(SocketAddress(numericHost: "0.0.0.0", port: 0))
    let other = try ListeningSocket(tcp: v4)
    let v6 = try #require(SocketAddress(numericHost: "::", port: other.address.port))
    let one: ListeningSocket
    // Another process may use the IPv6 side of this port.
    do { one = try ListeningSocket(tcp: v6, takesIPv4: false) } catch { return }
    #expect(one.address.port == other.address.port)
    #expect(throws: ListeningSocket.BindError.self) { _ = try ListeningSocket(tcp: v6) }
  }

  private static func connects(_ host: String, _ port: UInt16) -> Bool {
    guard var address = SocketAddress(numericHost: host, port: port) else { return false }
    let number = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    return unsafe withUnsafePointer(to: &address.storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(number, $0, address.length)
      }
    } == 0
  }

  @Test(
    "An IPv4 caller of a socket of both families is an IPv4 caller",
    arguments: [
      ("::ffff:10.1.2.3", "10.1.2.3:80", [10, 1, 2, 3] as [UInt8], false),
      ("::ffff:127.0.0.1", "127.0.0.1:80", [127, 0, 0, 1], true),
    ])
  func mapped(host: String, text: String, bytes: [UInt8], isLocal: Bool) throws {
    let peer = PeerIdentity(try #require(SocketAddress(numericHost: host, port: 80)))
    #expect(peer.description == text && peer.addressBytes == bytes && peer.isLocal == isLocal)
  }
}
