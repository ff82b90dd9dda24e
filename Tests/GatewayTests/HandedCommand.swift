import Foundation
import Glibc

/// A program that is started with descriptors of the test, as 3 and up, in order.
final class HandedCommand {
  let pid: pid_t
  private let path = NSTemporaryDirectory() + "handed-\(UUID().uuidString)"
  private var status: Int32?

  init(
    _ program: String, _ arguments: [String], _ environment: [String: String],
    handing descriptors: [Int32]
  ) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil) else {
      throw CocoaError(.fileWriteUnknown)
    }
    // No number is both a source and a target.
    let sources = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 100) }
    defer { for source in sources { close(source) } }
    let folder = ["STATE_DIRECTORY": path + ".none", "PATH": "/usr/bin:/bin"]
    let variables = environment.merging(folder) { given, _ in given }.map {
      "\($0.key)=\($0.value)"
    }
    let arguments = unsafe HandedCommand.list([program] + arguments)
    let environment = unsafe HandedCommand.list(variables)
    defer {
      for index in unsafe arguments.indices { unsafe free(arguments[index]) }
      for index in unsafe environment.indices { unsafe free(environment[index]) }
    }
    var actions = unsafe posix_spawn_file_actions_t()
    _ = unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    _ = unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    _ = unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    _ = unsafe posix_spawn_file_actions_addopen(&actions, 2, path, O_WRONLY | O_APPEND, 0)
    for (index, source) in sources.enumerated() {
      _ = unsafe posix_spawn_file_actions_adddup2(&actions, source, Int32(3 + index))
    }
    var pid: pid_t = 0
    let error = unsafe posix_spawn(&pid, program, &actions, nil, arguments, environment)
    guard error == 0 else { throw POSIXError(POSIXErrorCode(rawValue: error) ?? .EINVAL) }
    self.pid = pid
  }

  private static func list(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    unsafe texts.map { unsafe strdup($0) } + [UnsafeMutablePointer<CChar>?.none]
  }

  deinit {
    if exit == nil {
      kill(pid, SIGKILL)
      var status: Int32 = 0
      _ = unsafe waitpid(pid, &status, 0)
    }
    try? FileManager.default.removeItem(atPath: path)
  }

  var errors: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

  func signal(_ number: Int32) { kill(pid, number) }

  /// How it ended, as in waitpid(2); nil while it runs.
  private var exit: Int32? {
    if let status { return status }
    var raw: Int32 = 0
    guard unsafe waitpid(pid, &raw, WNOHANG) == pid else { return nil }
    status = raw
    return raw
  }

  /// The exit code; nil if it has not ended within ten seconds, or was killed by a signal.
  var exitCode: Int32? {
    guard eventually({ exit != nil }), let exit, exit & 0x7f == 0 else { return nil }
    return exit >> 8 & 0xff
  }
}
