import Testing

@Suite("What stops a start")
struct StartRefusalTests {
  /// Each reason for which a start fails, as it is written where it is thrown, and the code with which `check` finds
  /// it. Nil: the cause is temporary and not in the configuration.
  private static let refusals: [(reason: String, check: String?)] = [
    ("\"too many combinations of apps and scopes: \\(error)\"", "func compileRules("),
    ("\"tokens: \\(error)\"", "tokenService.check("),
    // The text of each problem of the token service.
    ("error.text", "tokenService.check("),
    ("\"out of descriptors: \\(error)\"", nil),
    ("\"limits: \\(error)\"", "limitProblem("),
    ("\"limits: \\(problem)\"", "limitProblem("),
    ("\"the system cannot start another thread\"", nil),
    ("\"the system cannot start another thread: \\(error)\"", nil),
    ("\"cannot listen on \\(address): it is not a numeric address\"", "SocketAddress(numericHost:"),
    ("\"upstream: \\(error)\"", "TLSClient("),
    ("error.text(below: keyPath)", "TLSAcceptor(reading:"),
    ("\"admin: \\(error)\"", nil),
    // Problems of a listener, the log, the journal or OpenTelemetry's variables, each with its own text.
    ("error.description", "StartObstacle.to"),
    ("\"cannot start the thread that exports \\(things): \\(error)\"", nil),
  ]

  private static let files = [
    "GatewayProcess", "GatewayProcess+Listening", "CompiledConfiguration", "Settings+Parts",
    "JournalParts", "OTLPExporter", "TLSFiles",
  ]

  @Test("Whatever a start ends for is known to check, or is no fault of the configuration")
  func twins() throws {
    var thrown: Set<String> = []
    for file in Self.files {
      let source = try Repository.text("Sources/Gateway/\(file).swift")
      for match in source.matches(of: /StartError\((.+?)\)(?= \}|\n)/) {
        thrown.insert(String(match.output.1))
      }
    }
    thrown.remove("_ description: String")
    #expect(thrown == Set(Self.refusals.map(\.reason)))
    let checks =
      try Repository.text("Sources/Gateway/StartChecks.swift")
      + Repository.text("Sources/Rules/ConfigurationSource.swift")
      + Repository.text("Sources/scorm-gateway/CheckCommand.swift")
    for refusal in Self.refusals {
      if let check = refusal.check { #expect(checks.contains(check), "\(refusal.reason)") }
    }
  }
}
