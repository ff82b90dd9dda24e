import Foundation
import Gateway
import Glibc
import System
import Testing

/// The built program under a service manager, which the test simulates.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct ServiceManagerTests {
  /// A datagram socket that receives notices.
  private final class Desk {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    let name: String
    private var taken: [String] = []

    /// - Parameter isAbstract: whether the socket's name is abstract, without a file.
    init(isAbstract: Bool) throws {
      name =
        (isAbstract ? "@" : NSTemporaryDirectory()) + "n\(UUID().uuidString.prefix(8))"
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(name.utf8)
      unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
        unsafe room.copyBytes(from: bytes)
        if isAbstract { unsafe room[0] = 0 }
      }
      let length = socklen_t(2 + bytes.count + (isAbstract ? 0 : 1))
      let status = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, length)
        }
      }
      guard status == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    deinit {
      close(descriptor)
      if name.hasPrefix("/") { _ = unsafe unlink(name) }
    }

    /// All notices so far.
    var notices: [String] {
      var bytes = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { return taken }
        taken.append(String(decoding: bytes.prefix(count), as: UTF8.self))
      }
    }
  }

  private static func environment(_ rig: GatewayRig, _ more: [String: String]) -> [String: String] {
    [
      "SCORM_APP_ID": "SANDBOX", "SCORM_SECRET_KEY": "sandbox-secret",
      "SCORM_GATEWAY_LISTEN_ADDRESS": "127.0.0.1:0", "SCORM_GATEWAY_ADMIN_ADDRESS": "127.0.0.1:0",
      "SCORM_GATEWAY_UPSTREAM_URL": rig.sandbox.apiURL,
    ].merging(more) { $1 }
  }

  @Test("It hears when the gateway serves, reloads, lives and ends", arguments: [false, true])
  func notices(isAbstract: Bool) throws {
    let rig = try GatewayRig()
    let desk = try Desk(isAbstract: isAbstract)
    let command = try Command(
      ["serve", "--threads", "2"],
      ServiceManagerTests.environment(
        rig, ["NOTIFY_SOCKET": desk.name, "WATCHDOG_USEC": "200000"]))
    #expect(eventually { desk.notices.count > 1 })
    let pid = command.process.processIdentifier
    let first = try #require(desk.notices.first)
    #expect(first.hasPrefix("READY=1\nMAINPID=\(pid)\nSTATUS=serving callers on 127.0.0.1:"))
    #expect(first.contains("admin pages on 127.0.0.1:"))
    #expect(eventually { desk.notices.count { $0 == "WATCHDOG=1\n" } >= 3 })
    command.signal(SIGHUP)
    #expect(eventually { desk.notices.count { $0.hasPrefix("READY=1") } == 2 })
    let reloading = try #require(desk.notices.first { $0.hasPrefix("RELOADING=1\n") })
    let stamp = try #require(reloading.split(separator: "=").last).filter(\.isNumber)
    let now = SystemClock.monotonic / 1000
    let said = try #require(Int64(stamp))
    #expect(said <= now && said > now - 60_000_000)
    command.signal(SIGTERM)
    #expect(command.exitCode == 0)
    let order = desk.notices.filter { $0 != "WATCHDOG=1\n" }.map { $0.prefix(8) }
    #expect(order == ["READY=1\n", "RELOADIN", "READY=1\n", "STOPPING"])
  }

  @Test(
    "When another process takes over it hears which is the main one, before that says that it is ready"
  )
  func handOver() throws {
    let rig = try GatewayRig()
    let desk = try Desk(isAbstract: true)
    let command = try Command(
      ["serve"], ServiceManagerTests.environment(rig, ["NOTIFY_SOCKET": desk.name]))
    #expect(eventually { desk.notices.count == 1 })
    command.signal(SIGUSR2)
    #expect(eventually { desk.notices.count == 3 }, "\(command.errors)")
    let main = try #require(desk.notices[1].firstMatch(of: /^MAINPID=(\d+)\n$/)).output.1
    let successor = try #require(pid_t(main))
    defer { kill(successor, SIGKILL) }
    #expect(desk.notices[2].hasPrefix("READY=1\nMAINPID=\(successor)\nSTATUS=serving callers on"))
    #expect(command.exitCode == 0)
    kill(successor, SIGTERM)
    #expect(eventually { desk.notices.last?.hasPrefix("STOPPING=1") == true })
  }

  @Test("A watchdog that waits for another process is told nothing")
  func othersWatchdog() throws {
    let rig = try GatewayRig()
    let desk = try Desk(isAbstract: false)
    let command = try Command(
      ["serve"],
      ServiceManagerTests.environment(
        rig, ["NOTIFY_SOCKET": desk.name, "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"]))
    // The watchdog is for another process, so there are no notices for it.
    #expect(eventually { desk.notices.count == 1 })
    command.signal(SIGHUP)
    #expect(eventually { desk.notices.count { $0.hasPrefix("READY=1") } == 2 })
    #expect(!desk.notices.contains("WATCHDOG=1\n"))
  }

  /// Starts `serve` as systemd does: with sockets as 3 and up, and variables that name them.
  private static func activated(
    _ rig: GatewayRig, _ sockets: [Int32], names: String?, _ more: [String: String] = [:]
  ) throws -> HandedCommand {
    var variables = "LISTEN_FDS=\(sockets.count) LISTEN_PID=$$"
    if let names { variables += " LISTEN_FDNAMES=\(names)" }
    // The shell's process id is the gateway's, which replaces the shell.
    return try HandedCommand(
      "/bin/sh",
      ["-c", "export \(variables); exec \"$0\" serve --threads 1", Command.program.path],
      ServiceManagerTests.environment(rig, more), handing: sockets)
  }

  private static func listener(type: Int32 = Int32(SOCK_STREAM.rawValue)) throws -> (Int32, UInt16)
  {
    let number = socket(AF_INET, type | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { any in
        let bound = unsafe bind(number, any, length)
        _ = unsafe getsockname(number, any, &length)
        return bound
      }
    }
    guard status == 0 else { throw CocoaError(.fileWriteUnknown) }
    if type == Int32(SOCK_STREAM.rawValue) { _ = listen(number, 64) }
    return (number, UInt16(bigEndian: address.sin_port))
  }

  @Test(
    "Sockets that it hands over are served, and callers who wait through a restart are not refused")
  func activation() throws {
    let rig = try GatewayRig()
    let (callers, port) = try ServiceManagerTests.listener()
    let (admin, adminPort) = try ServiceManagerTests.listener()
    defer {
      close(callers)
      close(admin)
    }
    for round in 1...3 {
      // This caller is in the queue before any process serves it.
      let early = try Wire(port: port)
      try early.send("GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let command = try ServiceManagerTests.activated(
        rig, [callers, admin], names: "callers:admin",
        ["SCORM_GATEWAY_LISTEN_NAME": "callers", "SCORM_GATEWAY_LISTEN_ADDRESS": "127.0.0.1:1"])
      #expect(try early.answer().status == 200, "round \(round): \(command.errors)")
      #expect(eventually { command.errors.contains("serving callers on 127.0.0.1:\(port)") })
      #expect(eventually { (try? Wire(port: adminPort).call("GET", "/readyz").status) == 200 })
      command.signal(SIGTERM)
      #expect(command.exitCode == 0)
    }
  }

  @Test("A Unix socket that it hands over keeps its file and its rights")
  func unixSocket() throws {
    let rig = try GatewayRig()
    let path = NSTemporaryDirectory() + "a\(UUID().uuidString.prefix(8))"
    let number = try unixListener(path)
    defer {
      close(number)
      _ = unsafe unlink(path)
    }
    let command = try ServiceManagerTests.activated(
      rig, [number], names: nil, ["SCORM_GATEWAY_LISTEN_ADDRESS": "unix:\(path)"])
    #expect(try Wire(unixPath: path).call("GET", "/api/v2/ping").status == 200)
    command.signal(SIGTERM)
    #expect(command.exitCode == 0)
    var status = stat()
    #expect(unsafe lstat(path, &status) == 0 && status.st_mode & 0o7777 == 0o604)
    // It still listens: the next process serves this caller.
    let waiting = try Wire(unixPath: path)
    try waiting.send("GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let next = try ServiceManagerTests.activated(
      rig, [number], names: nil, ["SCORM_GATEWAY_LISTEN_ADDRESS": "unix:\(path)"])
    #expect(try waiting.answer().status == 200)
    withExtendedLifetime(next) {}
  }

  private func unixListener(_ path: String) throws -> Int32 {
    let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = try #require(SocketAddress(unixPath: path))
    let status = unsafe withUnsafePointer(to: &address.storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(number, $0, address.length)
      }
    }
    #expect(status == 0)
    #expect(unsafe chmod(path, 0o604) == 0 && listen(number, 64) == 0)
    return number
  }

  @Test("Sockets that fit no listener stop the start with 78, each named")
  func mismatch() throws {
    let rig = try GatewayRig()
    let (stream, _) = try ServiceManagerTests.listener()
    let (datagrams, _) = try ServiceManagerTests.listener(type: Int32(SOCK_DGRAM.rawValue))
    defer {
      close(stream)
      close(datagrams)
    }
    let command = try ServiceManagerTests.activated(rig, [stream, datagrams], names: "other:more")
    #expect(command.exitCode == 78)
    #expect(command.errors.contains("descriptor 3 (other) of LISTEN_FDS listens at 127.0.0.1:"))
    #expect(
      command.errors.contains(
        "descriptor 4 (more) of LISTEN_FDS is not a stream socket that listens"))
  }

  @Test("The units are good in the eyes of systemd, and keep the gateway in")
  func units() throws {
    let verify = ["/usr/bin/systemd-analyze", "/bin/systemd-analyze"].first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
    guard let verify else {
      print("skipped: there is no systemd-analyze on this machine")
      return
    }
    let folder = NSTemporaryDirectory() + "units-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "config/systemd")
    for name in ["scorm-gateway.service", "scorm-gateway.socket"] {
      // systemd checks that the program exists, so its path on this machine is used.
      let text = try String(contentsOf: source.appending(path: name), encoding: .utf8)
        .replacing("/usr/bin/scorm-gateway", with: Command.program.path)
      try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }
    let checked = try run(
      verify,
      ["verify", "--man=no", "\(folder)/scorm-gateway.service", "\(folder)/scorm-gateway.socket"])
    #expect(checked.code == 0 && !checked.text.contains("scorm-gateway."), "\(checked.text)")
    let rated = try run(
      verify, ["security", "--offline=true", "--threshold=20", "\(folder)/scorm-gateway.service"])
    #expect(rated.code == 0, "\(rated.text)")
  }

  private func run(_ program: String, _ arguments: [String]) throws -> (code: Int32, text: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
  }
}
