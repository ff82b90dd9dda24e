import ArgumentParser
import Testing

@testable import scorm_gateway

@Suite("--help")
struct HelpTests {
  /// Every command, including subcommands.
  private static let commands: [any ParsableCommand.Type] = all(ScormGateway.self)

  private static func all(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
    [command] + command.configuration.subcommands.flatMap(all)
  }

  /// A command's help, as on a terminal with this many columns.
  private static func text(_ command: any ParsableCommand.Type, columns: Int) -> String {
    ScormGateway.helpMessage(for: command, columns: columns)
  }

  @Test("fits 80 columns", arguments: commands.indices)
  func width(number: Int) {
    // Console.fitted wraps the other two kinds of lines, which the argument parser does not wrap.
    for line in Self.text(Self.commands[number], columns: 80).split(separator: "\n")
    where !line.hasPrefix("USAGE: ") && !line.hasPrefix("  See '") {
      #expect(line.count <= 80, "\(line)")
    }
  }

  @Test(
    "is wrapped once: no line ends where the next word would have fitted",
    arguments: commands.indices)
  func wrapping(number: Int) {
    let columns = 80
    // Text above the usage is prose. Lines that are indented, or that introduce some, are not wrapped.
    let text = Self.text(Self.commands[number], columns: columns)
    let prose = text.prefix(upTo: text.firstRange(of: "\nUSAGE")?.lowerBound ?? text.endIndex)
    let lines = prose.split(separator: "\n", omittingEmptySubsequences: false)
    for (line, next) in zip(lines, lines.dropFirst()) {
      guard let word = next.split(separator: " ").first, !next.hasPrefix(" "), !line.hasPrefix(" "),
        !line.isEmpty
      else { continue }
      // The argument parser leaves the last column empty.
      #expect(line.count + 1 + word.count >= columns, "\(line)")
    }
  }
}
