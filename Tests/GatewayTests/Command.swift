import Foundation
import Glibc

/// The built program, run as operators run it.
final class Command {
  let process = Process()
  private let folder: String

  /// Starts `scorm-gateway` with these arguments. Its environment is `environment`, plus the variables of a sanitizer.
  init(_ arguments: [String], _ environment: [String: String] = [:]) throws {
    folder = NSTemporaryDirectory() + "gateway-command-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in ["/out", "/err"] {
      _ = FileManager.default.createFile(atPath: folder + name, contents: nil)
    }
    process.executableURL = Command.program
    process.arguments = arguments
    // The options and libraries of a sanitizer apply to child processes too.
    let sanitizing = ProcessInfo.processInfo.environment.filter {
      $0.key.hasSuffix("SAN_OPTIONS") || $0.key == "LD_PRELOAD"
    }
    // Keeps it away from the journal of a gateway on this machine: a journal goes where the test says.
    process.environment = environment.merging(["STATE_DIRECTORY": folder + "/none"]) { given, _ in
      given
    }.merging(sanitizing) { given, _ in given }
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: folder + "/out")
    process.standardError = FileHandle(forWritingAtPath: folder + "/err")
    process.terminationHandler = { _ in Changes.note() }
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// The built program, in the folder of the test bundle.
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

  /// The exit code; nil if it has not ended within ten seconds or was killed by a signal.
  var exitCode: Int32? {
    guard eventually({ !process.isRunning }), process.terminationReason == .exit else { return nil }
    return process.terminationStatus
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// The port that follows `text` on standard error, once it has been printed.
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

  /// Runs a command until it ends.
  static func run(
    _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> (exitCode: Int32?, output: String, errors: String) {
    let command = try Command(arguments, environment)
    let code = command.exitCode
    return (code, command.output, command.errors)
  }
}

/// A temporary file, removed with this object.
final class TemporaryFile {
  let path = NSTemporaryDirectory() + "gateway-file-\(UUID().uuidString)"

  init(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
