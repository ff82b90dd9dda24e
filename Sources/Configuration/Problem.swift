/// A problem of the configuration: where it is, what is wrong, and how to fix it.
///
/// Messages never repeat a value that could be a secret: see ``SecretReference``.
package struct Problem: Sendable, Equatable {
  /// The source of the value: a file's name as given, `environment variable NAME`,
  /// `command line` or `defaults`.
  package let file: String
  /// The line in the file, from 1; 0 if the value is not from a file.
  package let line: Int
  /// The column in characters, from 1; 0 if the value is not from a file.
  package let column: Int
  /// The key, such as `apps[1].secret`; empty for the whole file.
  package let keyPath: String
  /// What is wrong.
  package let message: String
  /// What to do about it; empty if the message is enough.
  package let hint: String

  init(at place: Place, keyPath: String, message: String, hint: String = "") {
    file = place.origin.text
    line = place.line
    column = place.column
    self.keyPath = keyPath
    self.message = message
    self.hint = hint
  }

  /// Whether this is reported before `other`: problems are sorted by file, line and column.
  package func stands(before other: Problem) -> Bool {
    if (line == 0) != (other.line == 0) { return line != 0 }
    if line != other.line { return line < other.line }
    if column != other.column { return column < other.column }
    if file != other.file { return file < other.file }
    return keyPath < other.keyPath
  }
}

extension Problem: CustomStringConvertible {
  /// `gateway.yaml:12:5: apps[1].secret: message (hint)`.
  package var description: String {
    var text = file
    if line > 0 { text += ":\(line):\(column)" }
    if !keyPath.isEmpty { text += ": \(keyPath)" }
    text += ": \(message)"
    if !hint.isEmpty { text += " (\(hint))" }
    return text
  }
}

/// Why a configuration was not loaded: every problem, not only the first.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
  /// Sorted by place. At least one, at most ``ProblemList/limit``.
  package let problems: [Problem]
  /// The number of problems beyond the limit.
  package let omitted: Int
  /// Warnings found as well, which alone would not prevent a start.
  package let warnings: [Problem]

  init(problems: [Problem], omitted: Int, warnings: [Problem]) {
    self.problems = problems
    self.omitted = omitted
    self.warnings = warnings
  }

  /// The problems of another file; nil if there are none.
  package init?(_ problems: [Problem]) {
    guard !problems.isEmpty else { return nil }
    var list = ProblemList()
    for problem in problems { list.add(problem) }
    self = list.error
  }

  /// A single problem that was found after loading.
  package init(_ problem: Problem, warnings: [Problem]) {
    self.init(problems: [problem], omitted: 0, warnings: warnings)
  }

  /// The problems, one per line.
  package var description: String {
    var lines = problems.map(\.description)
    if omitted > 0 { lines.append("and \(omitted) more") }
    return lines.joined(separator: "\n")
  }
}

/// Collects problems during decoding, so that all are reported together.
struct ProblemList {
  /// The number of problems that are kept. A file with more is broken as a whole, so the rest is only counted.
  static let limit = 100

  private(set) var problems: [Problem] = []
  private(set) var warnings: [Problem] = []
  private(set) var omitted = 0

  var isEmpty: Bool { problems.isEmpty }

  /// Adds a problem. `hint` is evaluated only for problems that are kept: finding the closest name for half a million
  /// unknown keys would take seconds.
  mutating func add(
    _ place: Place, _ keyPath: String, _ message: String, hint: @autoclosure () -> String = ""
  ) {
    guard problems.count < ProblemList.limit else {
      omitted += 1
      return
    }
    problems.append(Problem(at: place, keyPath: keyPath, message: message, hint: hint()))
  }

  mutating func add(_ problem: Problem) {
    guard problems.count < ProblemList.limit else {
      omitted += 1
      return
    }
    problems.append(problem)
  }

  mutating func warn(_ place: Place, _ keyPath: String, _ message: String, hint: String = "") {
    guard warnings.count < ProblemList.limit else { return }
    warnings.append(Problem(at: place, keyPath: keyPath, message: message, hint: hint))
  }

  var sortedWarnings: [Problem] { warnings.sorted { $0.stands(before: $1) } }

  var error: ConfigurationError {
    ConfigurationError(
      problems: problems.sorted { $0.stands(before: $1) }, omitted: omitted,
      warnings: sortedWarnings)
  }
}
