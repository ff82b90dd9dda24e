internal import ArgumentParser

/// Reports an unknown word in place of a subcommand. The argument parser prints help for it if help or the version is
/// also requested, but a script that misspells a command should get an error.
enum UnknownCommand {
  /// The error message; nil if `arguments`, without the program's name, begin with existing subcommands.
  static func text(in arguments: ArraySlice<String>) -> String? {
    var configuration = ScormGateway.configuration
    var path = configuration.commandName ?? ""
    for word in arguments.first == "help" ? arguments.dropFirst() : arguments {
      let subcommands = configuration.subcommands.map { $0.configuration }
      // Options end the words that name a command. A command without subcommands takes other words as arguments.
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
