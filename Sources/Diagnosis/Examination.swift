/// An area that `doctor` checks. `--only` takes these names.
package enum DoctorArea: String, CaseIterable, Sendable {
  case configuration, secrets, listeners, disk, connection, clock, tokens, ping, shared

  var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}

/// The result of one check.
package struct Finding: Sendable {
  package enum Result: String, Sendable {
    case ok
    case warning = "warn"
    case failure = "FAIL"
    /// It could not be checked, because something else failed.
    case skipped
  }

  package let area: DoctorArea
  package let result: Result
  /// The code; nil for `ok` and `skipped`.
  package let code: DoctorCode?
  package let text: String
  /// How long the check took. It may have several findings.
  package var milliseconds: Int64 = 0

  static func ok(_ area: DoctorArea, _ text: String) -> Finding {
    Finding(area: area, result: .ok, code: nil, text: text)
  }

  static func warning(_ area: DoctorArea, _ code: DoctorCode, _ text: String) -> Finding {
    Finding(area: area, result: .warning, code: code, text: text)
  }

  static func failure(_ area: DoctorArea, _ code: DoctorCode, _ text: String) -> Finding {
    Finding(area: area, result: .failure, code: code, text: text)
  }

  static func skipped(_ area: DoctorArea, _ text: String) -> Finding {
    Finding(area: area, result: .skipped, code: nil, text: text)
  }
}

/// All findings, in the order of areas.
package struct Examination: Sendable {
  package let findings: [Finding]

  package init(_ findings: [Finding]) {
    let order = Dictionary(
      uniqueKeysWithValues: DoctorArea.allCases.enumerated().map { ($1, $0) })
    // Findings keep their order within an area.
    self.findings = findings.enumerated().sorted {
      (order[$0.element.area] ?? 0, $0.offset) < (order[$1.element.area] ?? 0, $1.offset)
    }.map(\.element)
  }

  package func count(_ result: Finding.Result) -> Int {
    findings.count { $0.result == result }
  }

  /// 78: the configuration is invalid. 69: SCORM Cloud cannot be reached. 1: something else failed, or there are
  /// warnings and `isStrict`. Otherwise 0.
  package func exitCode(isStrict: Bool) -> Int32 {
    let failures = findings.filter { $0.result == .failure }.compactMap(\.code)
    if failures.contains(where: \.isOfConfiguration) { return 78 }
    if failures.contains(where: \.isOutOfReach) { return 69 }
    return !failures.isEmpty || isStrict && count(.warning) > 0 ? 1 : 0
  }
}
