internal import JSONText
package import System

/// The results for people and scripts.
extension Examination {
  /// One line per finding, grouped by area.
  package func text(in room: TextTable.Room) -> String {
    var text = ""
    var area: DoctorArea?
    for finding in findings {
      if finding.area != area {
        text += "\(area == nil ? "" : "\n")\(finding.area.title)\n"
        area = finding.area
      }
      let word = finding.result.rawValue
      let start = "  \(word)\(String(repeating: " ", count: 9 - word.count))"
      text += TextTable.wrapped(start + Examination.line(finding), in: room, indent: 11) + "\n"
    }
    return text + "\n\(summary)\n"
  }

  /// One line per finding that is not ok, starting with its code, then the numbers of findings.
  package var short: String {
    var text = ""
    for finding in findings {
      guard let code = finding.code else { continue }
      text += "\(code.rawValue) \(finding.result.rawValue) \(finding.text) (\(code.fix))\n"
    }
    return text + summary + "\n"
  }

  private static func line(_ finding: Finding) -> String {
    guard let code = finding.code else { return finding.text }
    return "\(finding.text)  \(code.rawValue)  \(code.fix)"
  }

  /// The numbers of findings: `12 ok, 1 warning, 1 failure`.
  private var summary: String {
    let (warnings, failures) = (count(.warning), count(.failure))
    var text =
      "\(count(.ok)) ok, \(warnings) \(warnings == 1 ? "warning" : "warnings"), "
      + "\(failures) \(failures == 1 ? "failure" : "failures")"
    if count(.skipped) > 0 { text += ", \(count(.skipped)) skipped" }
    return warnings + failures > 0 ? text + "; codes: docs/errors.md#doctor" : text
  }

  /// The results as one JSON document.
  package func json(isStrict: Bool) -> String {
    let code = exitCode(isStrict: isStrict)
    return JSONWriter.line { json in
      json.member("success", code == 0)
      json.member("exitCode", code)
      json.member("ok", count(.ok))
      json.member("warnings", count(.warning))
      json.member("failures", count(.failure))
      json.array("categories") { json in
        for area in DoctorArea.allCases {
          let findings = findings.filter { $0.area == area }
          guard !findings.isEmpty else { continue }
          json.object { json in
            json.member("categoryName", area.rawValue)
            json.array("checks") { json in
              for finding in findings { json.object { put(finding, into: &$0) } }
            }
          }
        }
      }
    }
  }

  private func put(_ finding: Finding, into json: inout JSONWriter) {
    json.member("result", finding.result.word)
    json.member("description", finding.text)
    if let code = finding.code {
      json.member("code", code.rawValue)
      json.member("fix", code.fix)
    }
    json.member("took_ms", finding.milliseconds)
  }
}

extension Finding.Result {
  /// The result's name in JSON.
  fileprivate var word: StaticString {
    switch self {
    case .ok: "success"
    case .warning: "warning"
    case .failure: "error"
    case .skipped: "skipped"
    }
  }
}
