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

  /// Makes sure that the descriptors of standard input, output and error are open, on /dev/null if nothing else:
  /// a number that is free would be given to a socket, which then would get what is printed. Before anything is
  /// opened.
  ///
  /// - Returns: false when one of them stays closed.
  package static func fillStandardDescriptors() -> Bool { cl_fill_standard_descriptors() == 0 }
}
