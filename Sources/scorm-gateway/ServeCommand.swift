internal import ArgumentParser

/// `serve`: the gateway.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the gateway.",
    discussion: """
      Without a file it listens on 127.0.0.1:8080 for one app, whose credential comes from SCORM_APP_ID \
      and SCORM_SECRET_KEY or SCORM_SECRET_KEY_FILE.

      Signals: SIGTERM and SIGINT turn /readyz to 503, go on serving for drainDelay, finish what is under way and end \
      (a second one ends at once); \
      SIGHUP reads file and secrets again, all or nothing; SIGUSR1 opens the traffic log anew; \
      SIGUSR2 hands over to the program that is on the disk now, without a gap. The file of a \
      secret that changes is read again by itself.
      """)

  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var file: String?

  @Option(
    help: """
      Event loops, one thread each; the default is the number of processors, or what a CPU quota comes to.
      """)
  var threads: Int?

  func validate() throws {
    if let threads, !Serving.threadCounts.contains(threads) {
      throw ValidationError("--threads takes a number from 1 to 256.")
    }
  }

  func run() throws { try Serving(file: file, threads: threads).run() }
}
