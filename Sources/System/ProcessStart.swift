internal import CLinux
internal import Glibc

/// What a process got at its start.
package enum ProcessStart {
  /// The arguments, without the program's name; nil when the system passed none, not even that name.
  ///
  /// They are those of main. `CommandLine.arguments` searches other places for them, and finds none without /proc, or
  /// when a library that was loaded earlier has changed the environment.
  package static var arguments: [String]? {
    let count = cl_argument_count()
    guard count > 0 else { return nil }
    // Proof: below the count, each is a C string that lives as long as the process.
    return (1..<max(count, 1)).map { unsafe String(cString: cl_argument($0)) }
  }

  /// The variables with which systemd hands over sockets (sd_listen_fds(3)). They are removed, so that no other program
  /// takes them for its own. To be called before other threads read the environment.
  package static func takeListenVariables() -> (process: String?, count: String?, names: String?) {
    let taken = (variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES"))
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] { remove(name) }
    return taken
  }

  /// A copy of an environment variable; nil when it is not set.
  package static func variable(_ name: String) -> String? {
    // Proof: getenv gives null or a C string, copied at once.
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Removes an environment variable. To be called before other threads read the environment.
  package static func remove(_ name: String) {
    // Proof: the name is a C string for the call.
    _ = unsafe unsetenv(name)
  }

  /// This process's id.
  package static var processID: Int32 { getpid() }

  /// The id of the process that started this one.
  package static var parentID: Int32 { getppid() }

  /// Waits, where no event could end a wait.
  package static func pause(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }

  /// Waits for at most `milliseconds` until `descriptor` can be read or has ended.
  package static func waitToRead(_ descriptor: Int32, milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // Proof: one record, whose storage outlives the call.
    return unsafe poll(&waiting, 1, milliseconds) > 0
  }

  /// Makes every inherited descriptor except 0 to 2 close when this process starts another program.
  package static func keepDescriptors() { cl_close_all_on_exec() }

  /// Makes sure that the descriptors of standard input, output and error are open, on /dev/null if nothing else. A free
  /// number would be given to a socket, which would then get what is printed. To be called before anything is opened.
  ///
  /// - Returns: false when one of them stays closed.
  package static func fillStandardDescriptors() -> Bool { cl_fill_standard_descriptors() == 0 }
}
