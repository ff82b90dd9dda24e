package import Configuration
internal import Sandbox

/// What the `sandbox` command is told.
package struct SandboxOptions: Sendable {
  var settings = SandboxSettings()

  /// Where uploads are kept.
  let folder: String

  package init() {
    folder = settings.folder
  }

  package static let clockExpectation = ClockStart.expectation

  /// Sets how the clock begins. False when `text` is no such way.
  package mutating func setClock(_ text: String) -> Bool {
    guard let clock = ClockStart(text) else { return false }
    settings.clock = clock
    return true
  }

  /// Refuse fields and parameters that the API does not have.
  package mutating func setStrict() { settings.isStrict = true }

  /// Begins with what the file at `path` says.
  ///
  /// - Throws: every mistake of the file, with its place.
  package mutating func takeSeed(path: String) throws(ConfigurationError) {
    let document = try PlacedDocument(path: path)
    let whole = JSONValue(document.value)
    let beginning = SeedCheck.beginning(whole)
    // A list by itself stands one step higher in the file than in the document.
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
  /// A value of a YAML file: unquoted words mean what JSON means by them (YAML 1.2.2 section 10.3.2).
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
      // A number as JSON writes it; `007`, dates and versions are texts.
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

/// What the sandbox covers, for the command line.
package enum SandboxCoverageText {
  package static var json: String { SandboxCoverage.value.text }
  package static var summary: String { SandboxCoverage.summary }

  /// Operation, standing and reason of each row.
  package static var rows: [[String]] {
    SandboxCoverage.rows.map { row in
      var reason = ""
      if case .declined(let text) = row.standing { reason = text }
      return [row.operation, "\(row.method) \(row.template)", row.standing.word, reason]
    }
  }
}
