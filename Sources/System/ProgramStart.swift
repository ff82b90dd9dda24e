internal import CLinux
internal import Glibc

/// The program that this process runs, to be started again. It may be another version by then.
package struct ProgramStart: Sendable {
  /// Its path on disk.
  package let path: String
  /// All arguments, beginning with the program's name.
  let arguments: [String]

  /// The program as the process was started. To be created early: later the file may be another one, and so may the
  /// current folder.
  ///
  /// The path is the first argument if that is a path, because it may go through a link that a new version moves.
  /// Otherwise it is the file that the kernel runs. Nil when neither is known.
  package init?() {
    let count = Int(cl_argument_count())
    // Proof: below the count, each is a C string that lives as long as the process.
    let all = (0..<count).map { unsafe String(cString: cl_argument(Int32($0))) }
    guard let name = all.first else { return nil }
    if name.hasPrefix("/") {
      path = name
    } else if name.contains("/"), let folder = ProgramStart.currentFolder {
      path = "\(folder)/\(name)"
    } else if let running = ProgramStart.running {
      path = running
    } else {
      return nil
    }
    arguments = all
  }

  private static var currentFolder: String? {
    // Proof: the call allocates the text, which is freed after it was copied.
    guard let text = unsafe getcwd(nil, 0) else { return nil }
    defer { unsafe free(text) }
    return unsafe String(cString: text)
  }

  /// The file that the kernel runs, by its name at the start.
  private static var running: String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    // Proof: the call writes at most as many bytes as the array has, and returns their number.
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe readlink("/proc/self/exe", $0.baseAddress!, $0.count)
    }
    guard count > 0 else { return nil }
    let path = String(decoding: bytes.prefix(count), as: UTF8.self)
    let gone = " (deleted)"
    return path.hasSuffix(gone) ? String(path.dropLast(gone.count)) : path
  }

  /// Starts it with the same arguments and environment, except for the variables in `omitting`, and with those in
  /// `adding`. No shell is involved, and it inherits no descriptor except 0 to 2 and the channel's other end.
  package func spawn(
    _ channel: MessageChannel, adding: [(name: String, value: String)], omitting: [String]
  ) throws(SystemError) -> ChildProcess {
    let kept = ProgramStart.environment.filter { entry in
      let name = entry.prefix { $0 != UInt8(ascii: "=") }
      return !(omitting + adding.map(\.name)).contains { name.elementsEqual($0.utf8) }
    }
    let added = adding.map { Array("\($0.name)=\($0.value)".utf8) }
    let arguments = CStrings(self.arguments.map { Array($0.utf8) })
    let environment = CStrings(kept + added)
    var pid: Int32 = 0
    // Proof: both lists end with null and live until the call has returned; it copies what it needs.
    let error = unsafe cl_spawn(
      path, arguments.pointers, environment.pointers, channel.number, &pid)
    withExtendedLifetime((arguments, environment)) {}
    guard error == 0 else { throw SystemError(number: error) }
    return ChildProcess(pid: pid)
  }

  private static var environment: [[UInt8]] {
    var entries: [[UInt8]] = []
    var index: Int32 = 0
    // Proof: the shim returns null or a C string of the environment, copied at once; nothing changes the environment
    // after the start.
    while let text = unsafe cl_environment(index) {
      entries.append(unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text))))
      index += 1
    }
    return entries
  }
}

/// A list of C strings that ends with null, as exec requires.
@safe private final class CStrings {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ texts: [[UInt8]]) {
    count = texts.count
    // Proof: room for all and the null, each set before it is read, and freed by deinit.
    unsafe pointers = .allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() {
      let copy = (text + [0]).map { CChar(bitPattern: $0) }
      // Proof: strdup copies up to the zero, which is there.
      unsafe (pointers + index).initialize(to: strdup(copy))
    }
    // Proof: the last place of the capacity.
    unsafe (pointers + count).initialize(to: nil)
  }

  deinit {
    // Proof: each was made by strdup, and the list by allocate; nothing refers to them any more.
    for index in 0..<count { unsafe free(pointers[index]) }
    unsafe pointers.deallocate()
  }
}

/// A process that this one has started.
package struct ChildProcess: Sendable {
  package let pid: Int32

  /// How it ended.
  package enum End: Equatable, Sendable, CustomStringConvertible {
    case exit(Int32)
    case signal(Int32)

    package var description: String {
      switch self {
      case .exit(let code): "it ended with \(code)"
      case .signal(let number): "it was ended by signal \(number)"
      }
    }
  }

  /// How the process ended; nil while it runs. Must not be read again after it has ended.
  package var end: End? {
    var status: Int32 = 0
    // Proof: the number outlives the call.
    guard unsafe cl_has_ended(pid, &status) == 1 else { return nil }
    return status < 0 ? .signal(-status) : .exit(status)
  }

  /// Ends it at once.
  package func kill() { _ = Glibc.kill(pid, SIGKILL) }
}
