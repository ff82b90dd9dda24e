internal import ArgumentParser
internal import System

/// Output for the person at the terminal, and for logs of standard error.
enum Console {
  /// Writes a line to standard error.
  static func tell(_ text: String) { StandardError.write(line: text) }

  /// Fits help or an argument error to the width of the terminal. The argument parser wraps all but two lines.
  static func fitted(_ text: String) -> String {
    let room = TextTable.Room.columns(StandardOutput.helpColumns)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let isUsage = line.hasPrefix("USAGE: ") || line.hasPrefix("Usage: ")
      guard isUsage || line.hasPrefix("  See '") else { return String(line) }
      return TextTable.wrapped(String(line), in: room, indent: isUsage ? 7 : 2)
    }.joined(separator: "\n")
  }

  /// Writes a line to standard error that begins with the program's name.
  static func report(_ text: String) { StandardError.write(line: "scorm-gateway: \(text)") }
}

/// The option for the width of tables.
struct TableOptions: ParsableArguments {
  @Flag(help: "Show all columns in full, however narrow the terminal is.")
  var wide = false

  /// The width of the terminal. Output to a file or a pipe is not shortened.
  var room: TextTable.Room { TextTable.Room(width: width) }

  private var width: Int? { wide ? nil : StandardOutput.columns }

  /// The width as a parameter of admin pages; empty for no limit.
  var parameter: [(name: String, value: String)] {
    width.map { [(name: "width", value: String($0))] } ?? []
  }

  /// The width as the last parameter of a query.
  var query: String { width.map { "&width=\($0)" } ?? "" }
}
