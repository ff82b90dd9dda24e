import Foundation
import Glibc

/// The built program, run as an operator runs it.
final class Command {
  let process = Process()
  private let folder: String

  /// Starts `scorm-gateway` with these arguments and no other environment than `environment`,
  /// but for what belongs to a sanitizer.
  init(_ arguments: [String], _ environment: [String: String] = [:]) throws {
    folder = NSTemporaryDirectory() + "gateway-command-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in ["/out", "/err"] {
      _ = FileManager.default.createFile(atPath: folder + name, contents: nil)
    }
    process.executableURL = Command.program
    process.arguments = arguments
    // A sanitizer's options, and what it is helped with, are for the whole family.
    let sanitizing = ProcessInfo.processInfo.environment.filter {
      $0.key.hasSuffix("SAN_OPTIONS") || $0.key == "LD_PRELOAD"
    }
    // No journal where this machine's own gateway has one: it goes where a test says.
    process.environment = environment.merging(["STATE_DIRECTORY": folder + "/none"]) { given, _ in
      given
    }.merging(sanitizing) { given, _ in given }
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: folder + "/out")
    process.standardError = FileHandle(forWritingAtPath: folder + "/err")
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// The program beside the test bundle.
  static var program: URL {
    let bundle =
      CommandLine.arguments.first { $0.hasSuffix(".xctest") }
      ?? (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: bundle).deletingLastPathComponent()
      .appendingPathComponent("scorm-gateway")
  }

  var output: String { text("/out") }
  var errors: String { text("/err") }

  private func text(_ name: String) -> String {
    (try? String(contentsOfFile: folder + name, encoding: .utf8)) ?? ""
  }

  /// The exit code; nil when it has not ended within ten seconds or was killed by a signal.
  var exitCode: Int32? {
    guard eventually({ !process.isRunning }), process.terminationReason == .exit else { return nil }
    return process.terminationStatus
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// The port that follows `text` on standard error, once it is there.
  func port(after text: String) -> UInt16? {
    var port: UInt16?
    _ = eventually {
      guard let line = errors.split(separator: "\n").first(where: { $0.contains(text) }) else {
        return !process.isRunning
      }
      port = line.split(separator: ":").last.flatMap { UInt16($0.filter(\.isNumber)) }
      return true
    }
    return port
  }

  /// Runs to the end.
  static func run(
    _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> (exitCode: Int32?, output: String, errors: String) {
    let command = try Command(arguments, environment)
    let code = command.exitCode
    return (code, command.output, command.errors)
  }
}

/// A file of the test's, gone with it.
final class TemporaryFile {
  let path = NSTemporaryDirectory() + "gateway-file-\(UUID().uuidString)"

  init(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
