internal import Memory

extension SettingsDecoder {
  /// The settings of the shared store; nil if none is configured.
  mutating func shared(_ root: Section) -> SharedSettings? {
    guard let section = root.section("shared", Schema.shared, &problems) else { return nil }
    let url = storeURL(section)
    let password = section.node("password").flatMap { node -> (SecretBytes, String?)? in
      guard let reference = SecretReference(node, at: section.path("password"), &problems) else {
        return nil
      }
      return reference.secret(environment, folder: folder, &problems).map {
        ($0, reference.file(environment, folder: folder))
      }
    }
    let user = section.text("user", example: "gateway", &problems).flatMap { word -> String? in
      if SettingsDecoder.isName(word.text) { return word.text }
      problems.add(
        word.place, word.path, "not a valid user name",
        hint: "1 to 64 letters, digits, dots, dashes and underscores")
      return nil
    }
    if user != nil, section.node("password") == nil {
      problems.add(
        section.place(of: "user"), section.path("user"), "a user belongs to a password",
        hint: "add password: {file: /run/secrets/store}, or remove the key")
    }
    if let url, url.isOpenToOthers, section.node("password") != nil {
      problems.warn(
        section.place(of: "url"), section.path("url"), "the password is sent unencrypted",
        hint: "use rediss://")
    }
    let caFile = section.text("caFile", example: "/etc/ssl/certs/internal.pem", &problems)
      .flatMap { readableFile($0) }
    let prefix = section.text("prefix", example: Keys.sharedPrefix, &problems)
    if let prefix, !SettingsDecoder.isName(prefix.text) {
      problems.add(
        prefix.place, prefix.path, "\(prefix.quoted) is not a valid prefix",
        hint: "1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit")
    }
    let onLoss = section.choice(Keys.onLoss, &problems)
    guard let url else { return nil }
    return SharedSettings(
      url: url, user: user, password: password?.0, passwordFile: password?.1, caFile: caFile,
      prefix: prefix?.text ?? Keys.sharedPrefix, onLoss: onLoss)
  }

  private mutating func storeURL(_ section: Section) -> StoreURL? {
    guard let word = section.text("url", example: StoreURL.example, &problems) else {
      if section.node("url") == nil {
        problems.add(
          section.place, section.path("url"), "the store's URL is required",
          hint: "for example url: \(StoreURL.example)")
      }
      return nil
    }
    do { return try StoreURL(parsing: word.text) } catch {
      problems.add(
        word.place, word.path, "not a valid URL: \(error.reason)",
        hint: "for example url: \(StoreURL.example)")
      return nil
    }
  }

  /// The path of a file that is readable now.
  private mutating func readableFile(_ word: Word) -> String? {
    guard let path = filePath(word) else { return nil }
    if let reason = FileContents.objection(to: path) {
      problems.add(
        word.place, word.path, "the file \(KeyPathText.shown(word.text)) is not readable: \(reason)"
      )
    }
    return path
  }
}
