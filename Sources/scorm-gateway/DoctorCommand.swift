internal import ArgumentParser
internal import Configuration
internal import Diagnosis
internal import Glibc
internal import System

/// `doctor`: checks everything that a gateway needs.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check everything the gateway needs; say what is wrong and how to fix it.",
    discussion: """
      It checks the configuration, the permissions of secret files, who can reach the listeners, the disk, the \
      connection to SCORM Cloud (DNS, TCP, TLS, certificate expiry), the clock, a token for each app and scope that \
      callers need, and a ping. A gateway may be running. Nothing is changed, neither here nor at SCORM Cloud.

      Each finding has a code, which docs/errors.md explains.

      Exit codes: 0 if nothing failed (with --strict: and nothing warned), 1 if something failed, 69 if SCORM Cloud \
      cannot be reached, 78 if the configuration has problems.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, short, json
  }

  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var file: String?

  @Option(
    help: """
      Only these areas, separated by commas: \
      \(DoctorArea.allCases.map(\.rawValue).joined(separator: ", ")).
      """)
  var only: String?

  @Option(help: "text for people, short for one line per finding, json for scripts.")
  var format = Format.text

  @Option(help: "Repeat until nothing fails, for at most this time, such as 30s, 2m.")
  var wait: String?

  @Flag(help: "Warnings count as failures.")
  var strict = false

  @OptionGroup var table: TableOptions

  /// Microseconds between two attempts.
  private static let pause: UInt32 = 1_000_000

  func validate() throws {
    if let word = words.first(where: { DoctorArea(rawValue: $0) == nil }) {
      throw ValidationError(
        "Unknown area '\(word)'. Areas: "
          + DoctorArea.allCases.map(\.rawValue).joined(separator: ", ") + ".")
    }
    if let wait, Duration.read(wait) == nil {
      throw ValidationError("--wait takes a time like 30s or 2m.")
    }
  }

  private var words: [String] {
    only?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
  }

  func run() throws {
    let areas = only == nil ? DoctorArea.allCases : words.compactMap(DoctorArea.init(rawValue:))
    let doctor = Doctor(file: file, environment: Environment(), areas: Set(areas))
    let patience = wait.flatMap(Duration.read) ?? .zero
    let end = SystemClock.monotonic + patience.nanoseconds
    var examination = doctor.examine()
    // An invalid configuration does not become valid by waiting.
    while [ExitStatus.failed, ExitStatus.unreachable].contains(
      examination.exitCode(isStrict: strict)),
      SystemClock.monotonic < end
    {
      usleep(DoctorCommand.pause)
      examination = doctor.examine()
    }
    let text =
      switch format {
      case .text: examination.text(in: table.room)
      case .short: examination.short
      case .json: examination.json(isStrict: strict)
      }
    print(text, terminator: "")
    Output.flush()
    let code = examination.exitCode(isStrict: strict)
    if code != 0 { throw ExitCode(code) }
  }
}
