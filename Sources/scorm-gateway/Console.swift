internal import ArgumentParser
internal import System

/// Texts for the person at the terminal, and for whoever keeps standard error.
enum Console {
  /// A line on standard error.
  static func tell(_ text: String) { StandardError.write(line: text) }

  /// Help, or what is wrong with arguments, as wide as it may be: the argument parser breaks all but two lines.
  static func fitted(_ text: String) -> String {
    let room = TextTable.Room.columns(StandardOutput.helpColumns)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let isUsage = line.hasPrefix("USAGE: ") || line.hasPrefix("Usage: ")
      guard isUsage || line.hasPrefix("  See '") else { return String(line) }
      return TextTable.wrapped(String(line), in: room, indent: isUsage ? 7 : 2)
    }.joined(separator: "\n")
  }

  /// A line on standard error that says who speaks.
  static func report(_ text: String) { StandardError.write(line: "scorm-gateway: \(text)") }
}

/// How wide tables may be.
struct TableOptions: ParsableArguments {
  @Flag(help: "Show all columns in full, however narrow the terminal is.")
  var wide = false

  /// Room on the terminal. What goes into a file or a pipe is whole.
  var room: TextTable.Room { TextTable.Room(width: width) }

  private var width: Int? { wide ? nil : StandardOutput.columns }

  /// The same as a parameter of admin pages; empty for any width.
  var parameter: [(name: String, value: String)] {
    width.map { [(name: "width", value: String($0))] } ?? []
  }

  /// The same, behind other parameters of a query.
  var query: String { width.map { "&width=\($0)" } ?? "" }
}
