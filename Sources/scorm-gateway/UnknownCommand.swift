internal import ArgumentParser

/// A word in the place of a subcommand that is none. The argument parser answers it with help when help, or the
/// version, is asked for too; a script that misspells a command is to hear of it.
enum UnknownCommand {
  /// What to say; nil when `arguments`, without the program's name, begin with subcommands that there are.
  static func text(in arguments: ArraySlice<String>) -> String? {
    var configuration = ScormGateway.configuration
    var path = configuration.commandName ?? ""
    for word in arguments.first == "help" ? arguments.dropFirst() : arguments {
      let subcommands = configuration.subcommands.map { $0.configuration }
      // Options end the words that name a command; a command without subcommands takes words of its own.
      if word.hasPrefix("-") || subcommands.isEmpty { return nil }
      guard let next = subcommands.first(where: { $0.commandName == word }) else {
        let names = subcommands.compactMap(\.commandName).joined(separator: ", ")
        return "Error: Unknown command '\(path) \(word)'. Commands: \(names).\n"
          + "Usage: \(path) <subcommand>\n  See '\(path) --help' for more information."
      }
      configuration = next
      path += " \(word)"
    }
    return nil
  }
}
