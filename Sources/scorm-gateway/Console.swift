internal import System

/// Texts for the person at the terminal, and for whoever keeps standard error.
enum Console {
  /// A line on standard error.
  static func tell(_ text: String) { StandardError.write(line: text) }

  /// A line on standard error that says who speaks.
  static func report(_ text: String) { StandardError.write(line: "scorm-gateway: \(text)") }
}
