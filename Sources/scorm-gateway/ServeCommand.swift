internal import ArgumentParser

/// `serve`: runs the gateway.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the gateway.",
    discussion: """
      Without a configuration file it listens on 127.0.0.1:8080 and serves one app. The app's credential comes from \
      SCORM_APP_ID and SCORM_SECRET_KEY or SCORM_SECRET_KEY_FILE.

      Signals:

        SIGTERM, SIGINT  answer /readyz with 503, serve for drainDelay, finish the
                         calls in progress and exit; a second signal exits at once
        SIGHUP           reload the configuration and the secrets; if there is a
                         problem, nothing changes
        SIGUSR1          reopen the traffic log
        SIGUSR2          hand over to the program now on disk, dropping no call

      A secret file that changes is reloaded without a signal.
      """)

  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var file: String?

  @Option(
    help: """
      Event loops, one thread each. The default is the number of processors, or the CPU quota if that is lower.
      """)
  var threads: Int?

  func validate() throws {
    if let threads, !Serving.threadCounts.contains(threads) {
      throw ValidationError("--threads takes a number from 1 to 256.")
    }
  }

  func run() throws { try Serving(file: file, threads: threads).run() }
}
