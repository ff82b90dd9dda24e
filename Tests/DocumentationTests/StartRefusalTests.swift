import Testing

@Suite("What stops a start")
struct StartRefusalTests {
  /// Each reason that a start ends for, as it is written where it is thrown, and what `check` finds it with; nil: it
  /// is the moment's, not the configuration's.
  private static let refusals: [(reason: String, check: String?)] = [
    ("\"too many combinations of apps and scopes: \\(error)\"", "func compileRules("),
    ("\"tokens: \\(error)\"", "tokenService.check("),
    // As each of the token service's problems says it.
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
    // Of a listener, the log, the journal, the variables of OpenTelemetry: each has a text of its own.
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
