internal import CLinux
internal import Glibc

/// What a process was started with.
package enum ProcessStart {
  /// The arguments, without the program's name; nil when the system did not hand any over, not even that name.
  ///
  /// They are main's own. `CommandLine.arguments` looks for them in other places, and finds none without /proc, or
  /// when a library that was loaded before has changed the environment.
  package static var arguments: [String]? {
    let count = cl_argument_count()
    guard count > 0 else { return nil }
    // Proof: below the count, each is a C string that lives as long as the process.
    return (1..<max(count, 1)).map { unsafe String(cString: cl_argument($0)) }
  }

  /// What systemd hands over (sd_listen_fds(3)), as its variables say it. They are removed, so that no other program
  /// takes them for its own. Before other threads read the environment.
  package static func takeListenVariables() -> (process: String?, count: String?, names: String?) {
    let taken = (variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES"))
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] { remove(name) }
    return taken
  }

  /// A variable of the environment, copied; nil when it is not set.
  package static func variable(_ name: String) -> String? {
    // Proof: getenv gives null or a C string, copied at once.
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Removes a variable. Before other threads read the environment.
  package static func remove(_ name: String) {
    // Proof: the name is a C string for the call.
    _ = unsafe unsetenv(name)
  }

  /// This process' number.
  package static var processID: Int32 { getpid() }

  /// The number of the process that started this one.
  package static var parentID: Int32 { getppid() }

  /// Waits, where there is nothing to be told by.
  package static func pause(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }

  /// Waits until `descriptor` has something to be read, or its end, for so many milliseconds at most.
  package static func waitToRead(_ descriptor: Int32, milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // Proof: one record, whose storage outlives the call.
    return unsafe poll(&waiting, 1, milliseconds) > 0
  }

  /// Has every descriptor that this process was started with, but 0 to 2, closed when it starts another program.
  package static func keepDescriptors() { cl_close_all_on_exec() }

  /// Makes sure that the descriptors of standard input, output and error are open, on /dev/null if nothing else:
  /// a number that is free would be given to a socket, which then would get what is printed. Before anything is
  /// opened.
  ///
  /// - Returns: false when one of them stays closed.
  package static func fillStandardDescriptors() -> Bool { cl_fill_standard_descriptors() == 0 }
}
