extension SettingsDecoder {
  mutating func traffic(_ root: Section) -> TrafficSettings {
    let section = self.section("traffic", Schema.traffic, of: root)
    return TrafficSettings(
      log: log(section), journal: journal(section), captures: captures(section),
      unknownParameters: section.choice(Keys.unknownParameters, &problems),
      gateway: gateway(section))
  }

  private mutating func gateway(_ traffic: Section) -> String? {
    guard let word = traffic.text("gateway", example: "gateway-1", &problems) else { return nil }
    guard SettingsDecoder.isName(word.text) else {
      problems.add(
        word.place, word.path, "\(word.quoted) is not a usable name",
        hint: "1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit")
      return nil
    }
    return word.text
  }

  private mutating func log(_ traffic: Section) -> TrafficSettings.Log? {
    if traffic.isNull("log") { return nil }
    let section = self.section("log", Schema.log, of: traffic)
    let format = section.choice(Keys.logFormat, &problems)
    if section.isNull("path") { return nil }
    guard let word = section.text("path", example: "\"-\"", &problems), word.text != "-" else {
      return TrafficSettings.Log(destination: .standardOutput, format: format)
    }
    return filePath(word).map { TrafficSettings.Log(destination: .file($0), format: format) }
  }

  private mutating func journal(_ traffic: Section) -> TrafficSettings.Journal? {
    if traffic.isNull("journal") { return nil }
    let section = self.section("journal", Schema.journal, of: traffic)
    let maxAge = section.value(Keys.journalAge, &problems)
    let maxSize = section.value(Keys.journalSize, &problems)
    if section.isNull("path") { return nil }
    let word = section.text("path", example: "/var/lib/scorm-gateway/traffic.sqlite", &problems)
    return TrafficSettings.Journal(
      path: word.flatMap { filePath($0) }, maxAge: maxAge, maxSize: maxSize)
  }
}
