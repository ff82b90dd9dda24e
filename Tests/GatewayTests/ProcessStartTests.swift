import Foundation
import Gateway
import Glibc
import Testing

/// What platforms do to a process before it runs.
@Suite(.ownThread, .timeLimit(.minutes(2)))
struct ProcessStartTests {
  /// A library that changes the environment before main, as monitoring agents do, and hides /proc, as some containers
  /// do. Swift looks for a process's arguments in both.
  private static let library = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <stdio.h>
    #include <string.h>
    extern char **environ;
    static char *changed[] = {"AGENT=loaded", 0};
    __attribute__((constructor)) static void change(void) { environ = changed; }
    FILE *fopen(const char *path, const char *mode) {
      if (strncmp(path, "/proc/", 6) == 0) { errno = ENOENT; return 0; }
      return ((FILE *(*)(const char *, const char *))dlsym(RTLD_NEXT, "fopen"))(path, mode);
    }
    FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }
    """

  private final class Library {
    let path = NSTemporaryDirectory() + "preloaded-\(UUID().uuidString).so"

    /// Nil if there is no compiler.
    init?() throws {
      let source = path + ".c"
      try ProcessStartTests.library.write(toFile: source, atomically: false, encoding: .utf8)
      defer { try? FileManager.default.removeItem(atPath: source) }
      for compiler in ["cc", "clang", "gcc"] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [compiler, "-shared", "-fPIC", "-o", path, source]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus == 0 { return }
      }
      return nil
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test(
    "A command gets its arguments where a library changed the environment and there is no /proc")
  func arguments() throws {
    guard let library = try Library() else { return }
    // A sanitizer's library, if any, must be the first.
    let sanitizer = ProcessInfo.processInfo.environment["LD_PRELOAD"].map { [$0] } ?? []
    let preloaded = ["LD_PRELOAD": (sanitizer + [library.path]).joined(separator: ":")]
    let listing = try Command.run(["operations"], preloaded)
    #expect(listing.exitCode == 0 && listing.output.contains("GetCourses"))
    // It must not print the help of every command and succeed.
    let serving = try Command.run(["serve", "-c", "/nowhere/gateway.yaml"], preloaded)
    #expect(serving.exitCode == 78 && serving.errors.contains("/nowhere/gateway.yaml"))
  }

  @Test(
    "A gateway that is started without descriptors 0, 1 and 2 gives their numbers to nothing else")
  func closedDescriptors() throws {
    let rig = try GatewayRig()
    let path = NSTemporaryDirectory() + "c\(UUID().uuidString.prefix(8))"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", #"exec "$0" serve <&- >&- 2>&-"#, Command.program.path]
    process.environment = [
      "SCORM_APP_ID": "SANDBOX", "SCORM_SECRET_KEY": "sandbox-secret",
      "SCORM_GATEWAY_LISTEN_ADDRESS": "unix:\(path)", "SCORM_GATEWAY_ADMIN_ADDRESS": "null",
      "SCORM_GATEWAY_UPSTREAM_URL": rig.sandbox.apiURL,
    ]
    try process.run()
    defer { kill(process.processIdentifier, SIGKILL) }
    #expect(
      eventually { (try? Wire(unixPath: path).call("GET", "/api/v2/ping").status) == 200 })
    for number in 0...2 {
      // Only the superuser can see them, because the process does not allow other users to inspect it.
      guard
        let target = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/\(process.processIdentifier)/fd/\(number)")
      else { continue }
      #expect(target == "/dev/null")
    }
    kill(process.processIdentifier, SIGTERM)
    #expect(eventually { !process.isRunning })
  }
}
