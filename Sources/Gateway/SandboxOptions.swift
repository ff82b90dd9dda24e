package import Configuration
internal import Sandbox

/// The options of the `sandbox` command.
package struct SandboxOptions: Sendable {
  var settings = SandboxSettings()

  /// Where uploads are kept.
  let folder: String

  package init() {
    folder = settings.folder
  }

  package static let clockExpectation = ClockStart.expectation

  /// Sets how the clock starts. Returns false if `text` is invalid.
  package mutating func setClock(_ text: String) -> Bool {
    guard let clock = ClockStart(text) else { return false }
    settings.clock = clock
    return true
  }

  /// Makes the sandbox refuse fields and parameters that the API does not have.
  package mutating func setStrict() { settings.isStrict = true }

  /// Starts with the data in the file at `path`.
  ///
  /// - Throws: every mistake in the file, with its place.
  package mutating func takeSeed(path: String) throws(ConfigurationError) {
    let document = try PlacedDocument(path: path)
    let whole = JSONValue(document.value)
    let beginning = SeedCheck.beginning(whole)
    // A bare list in the file is one level higher than in the document.
    let isList = whole.elements != nil
    let problems = SeedCheck.problems(of: beginning).map { problem in
      let steps = problem.path.map { step -> PlacedDocument.Step in
        switch step {
        case .member(let name): .member(name)
        case .element(let index): .element(index)
        }
      }
      return document.problem(
        at: isList ? Array(steps.dropFirst()) : steps, keyPath: problem.place, problem.text)
    }
    if let error = ConfigurationError(problems) { throw error }
    settings.beginning = beginning
  }
}

extension JSONValue {
  /// Converts a value of a YAML file. Unquoted words mean what they mean in JSON (YAML 1.2.2 section 10.3.2).
  init(_ value: PlacedDocument.Value) {
    switch value {
    case .null: self = .null
    case .list(let elements): self = .array(elements.map(JSONValue.init(_:)))
    case .group(let members):
      self = .object(members.map { JSONMember($0.key, JSONValue($0.value)) })
    case .scalar(let text, let isQuoted): self = isQuoted ? .string(text) : JSONValue(plain: text)
    }
  }

  private init(plain text: String) {
    switch text {
    case "true", "True", "TRUE": self = .boolean(true)
    case "false", "False", "FALSE": self = .boolean(false)
    default:
      // A number as in JSON. `007`, dates and versions are strings.
      guard let value = try? JSONValue(json: Array(text.utf8)) else {
        self = .string(text)
        return
      }
      switch value {
      case .integer, .number: self = value
      default: self = .string(text)
      }
    }
  }
}

/// The coverage of the sandbox, for the command line.
package enum SandboxCoverageText {
  package static var json: String { SandboxCoverage.value.text }
  package static var summary: String { SandboxCoverage.summary }

  /// The operation, standing and reason of each row.
  package static var rows: [[String]] {
    SandboxCoverage.rows.map { row in
      var reason = ""
      if case .declined(let text) = row.standing { reason = text }
      return [row.operation, "\(row.method) \(row.template)", row.standing.word, reason]
    }
  }
}
