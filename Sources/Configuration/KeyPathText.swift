/// Formats the path of a key, such as `traffic.log.path` or `apps[1].secret`, and the name of its environment variable.
enum KeyPathText {
  /// The number of characters of a key that messages repeat, at most.
  private static let shownCharacters = 40

  static func joined(_ path: String, _ key: String) -> String {
    let shown = shown(key)
    return path.isEmpty ? shown : "\(path).\(shown)"
  }

  /// `text` shortened for a message, without characters that would move a terminal's cursor.
  static func shown(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(shownCharacters) {
      let printable = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
      result.unicodeScalars.append(printable ? scalar : "?")
    }
    return text.unicodeScalars.count > shownCharacters ? result + "…" : result
  }

  /// Converts `connectTimeout` to `CONNECT_TIMEOUT`.
  static func upperSnake(_ key: String) -> String {
    var result = ""
    for character in key {
      if character.isUppercase { result.append("_") }
      result += character.uppercased()
    }
    return result
  }
}
