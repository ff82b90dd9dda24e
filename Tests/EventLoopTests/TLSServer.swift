import Foundation
import Glibc

/// `openssl s_server` on a free loopback port, with a certificate made for it. It sends every line back reversed.
final class TLSServer {
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  let port: UInt16
  /// The certificate, which is self-signed.
  let certificate: String
  private let directory: URL
  private let server = Process()
  private let input = Pipe()

  /// `name` is the certificate's subject alternative name; nil for none. The common name is always localhost. The
  /// certificate is valid for `days` from now; a negative number makes it expired.
  init(name: String?, days: Int) throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    certificate = directory.path() + "/certificate.pem"
    let key = directory.path() + "/key.pem"
    let request = directory.path() + "/request.pem"
    try TLSServer.run(
      [
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", key, "-out", request, "-subj", "/CN=localhost",
      ] + (name.map { ["-addext", "subjectAltName=\($0)"] } ?? []))
    // Unlike req, x509 can make certificates that have already expired.
    try TLSServer.run([
      "x509", "-req", "-in", request, "-signkey", key, "-out", certificate, "-days", "\(days)",
      "-copy_extensions", "copy",
    ])
    let output = Pipe()
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments = [
      "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-rev",
    ]
    server.standardInput = input
    server.standardOutput = output
    server.standardError = FileHandle.nullDevice
    try server.run()
    // It prints its port: ACCEPT 127.0.0.1:43210.
    var text = ""
    var found: UInt16?
    while found == nil {
      let data = output.receive()
      if data.isEmpty { break }
      text += String(decoding: data, as: UTF8.self)
      for line in text.split(separator: "\n").dropLast(text.hasSuffix("\n") ? 0 : 1)
      where line.hasPrefix("ACCEPT") {
        found = line.split(separator: ":").last.flatMap { UInt16($0) }
      }
    }
    guard let found else { throw Problem(description: "openssl s_server does not start: \(text)") }
    port = found
  }

  deinit {
    // Not SIGTERM: a child inherits the signal mask of a gateway thread, which blocks it.
    if server.isRunning { kill(server.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(at: directory)
  }

  private static func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Problem(description: "openssl \(arguments[0]) failed")
    }
  }
}

extension Pipe {
  /// The next available bytes; empty at the end. Foundation's own reading traps if a signal interrupts it, such as
  /// SIGCHLD of another child.
  func receive() -> Data {
    var room = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe read(fileHandleForReading.fileDescriptor, &room, room.count)
      if count < 0, errno == EINTR { continue }
      return Data(room[..<max(0, count)])
    }
  }

  /// All bytes up to the end.
  func receiveAll() -> Data {
    var all = Data()
    while true {
      let piece = receive()
      if piece.isEmpty { return all }
      all += piece
    }
  }
}
