import Foundation
import Glibc

/// A TLS connection that stays open, made by `openssl s_client`, with the functions of ``Wire``.
final class TLSWire {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var buffer: [UInt8] = []

  /// - Parameters:
  ///   - trusting: the path of the authority that must have signed the gateway's certificate.
  ///   - more: additional arguments of `s_client`.
  init(
    port: UInt16, trusting authority: String, as client: TestAuthority.Issued? = nil,
    _ more: [String] = []
  ) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    var arguments = [
      "openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", "127.0.0.1:\(port)", "-CAfile",
      authority, "-verify_return_error", "-servername", "localhost",
    ]
    if let client {
      arguments += ["-cert", client.certificate, "-key", client.key]
    }
    process.arguments = arguments + more
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  func send(_ text: String) throws {
    Changes.note()
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
  }

  private func receive() throws {
    var waiting = pollfd(
      fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&waiting, 1, 10_000) > 0 else { throw WireEnd.silent }
    let data = output.receive()
    if data.isEmpty { throw WireEnd.closed }
    buffer += data
  }

  /// Receives the next answer. `Content-Length` gives the length of its body.
  func answer() throws -> Answer {
    let mark = Array("\r\n\r\n".utf8)
    var end: Int?
    while end == nil {
      end = buffer.indices.first { buffer[$0...].starts(with: mark) }.map { $0 + mark.count }
      if end == nil { try receive() }
    }
    var answer = Answer(head: Head(text: String(decoding: buffer[..<(end ?? 0)], as: UTF8.self)))
    buffer.removeFirst(end ?? 0)
    let length = answer["Content-Length"].flatMap { Int($0) } ?? 0
    while buffer.count < length { try receive() }
    answer.body = Array(buffer[..<length])
    buffer.removeFirst(length)
    return answer
  }

  /// Makes a call on the connection.
  func call(_ target: String = "/api/v2/ping") throws -> Answer {
    try send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return try answer()
  }

  /// Whether the other end closes properly without sending more.
  func hasEnded() -> Bool {
    do {
      while true { try receive() }
    } catch { return error as? WireEnd == .closed && buffer.isEmpty }
  }
}

/// The result of a call with curl.
struct CurlCall {
  /// 0 if there was no answer.
  let status: Int
  let body: String
  /// curl's exit code.
  let code: Int32

  var problem: String? {
    let json = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
    return (json?["type"] as? String)?.split(separator: ":").last.map(String.init)
  }

  init(
    _ url: String, trusting authority: String? = nil, as client: TestAuthority.Issued? = nil,
    _ more: [String] = []
  ) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    var arguments = [
      "curl", "-q", "-4", "-s", "--noproxy", "*", "-m", "10", "-w", "\n%{http_code}",
    ]
    if let authority { arguments += ["--cacert", authority] }
    if let client { arguments += ["--cert", client.certificate, "--key", client.key] }
    process.arguments = arguments + more + [url]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.receiveAll(), as: UTF8.self)
    process.waitUntilExit()
    code = process.terminationStatus
    let end = text.lastIndex(of: "\n") ?? text.startIndex
    body = String(text[..<end])
    status = Int(text[end...].filter(\.isNumber)) ?? 0
  }
}
