import Foundation
import Glibc
import Synchronization

/// A separate `redis-server` for the test, on a Unix socket in a new folder.
final class RedisServer {
  struct Failure: Error {
    let text: String
  }

  static let isInstalled = ["/usr/bin/", "/usr/local/bin/"].contains {
    FileManager.default.isExecutableFile(atPath: $0 + "redis-server")
  }

  let folder: String
  var socket: String { folder + "/s" }
  private let server = Process()

  /// - Parameters:
  ///   - arguments: additional options.
  ///   - folder: the folder of a previous server, which this one replaces; nil makes a new one.
  init(_ arguments: [String] = [], in folder: String? = nil) throws {
    self.folder = folder ?? NSTemporaryDirectory() + "redis-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: self.folder, withIntermediateDirectories: true)
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments =
      [
        "redis-server", "--port", "0", "--unixsocket", self.folder + "/s", "--save", "",
        "--dir", self.folder, "--logfile", self.folder + "/log",
      ] + arguments
    // Not a pipe: Foundation would keep monitoring an unread pipe, and close its descriptor while others use the
    // number.
    server.standardOutput = FileHandle.nullDevice
    server.standardError = FileHandle.nullDevice
    let log = self.folder + "/log"
    try? FileManager.default.removeItem(atPath: log)
    try server.run()
    var text = ""
    let isReady = eventually { [server] in
      text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      return text.contains("eady to accept connections") || !server.isRunning
    }
    guard isReady, server.isRunning else {
      end()
      throw Failure(text: text)
    }
  }

  deinit {
    end()
    try? FileManager.default.removeItem(atPath: folder)
  }

  func signal(_ number: Int32) { kill(server.processIdentifier, number) }

  /// Ends it at once, as a crash does.
  func end() {
    guard server.isRunning else { return }
    signal(SIGCONT)
    signal(SIGKILL)
    server.waitUntilExit()
  }

  /// Sends the commands over a connection, and returns the bytes of all answers, including a final `+OK`.
  func run(_ commands: [[String]]) throws -> Data {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(socket.utf8)
    // Proof: the path is shorter than its destination, which is zero after it.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
      for (index, byte) in path.prefix(room.count - 1).enumerated() { unsafe room[index] = byte }
    }
    // Proof: the address is valid for the given length.
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard status == 0 else { throw Failure(text: "no connection to \(socket)") }
    var text = ""
    for command in commands + [["QUIT"]] {
      text += "*\(command.count)\r\n"
      for word in command { text += "$\(word.utf8.count)\r\n\(word)\r\n" }
    }
    let handle = FileHandle(fileDescriptor: descriptor)
    try handle.write(contentsOf: Data(text.utf8))
    return try handle.readToEnd() ?? Data()
  }
}
