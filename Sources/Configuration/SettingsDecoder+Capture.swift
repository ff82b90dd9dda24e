extension SettingsDecoder {
  private static let maximumCaptures = 64
  /// The maximum number of paths for one operation.
  private static let maximumPaths = 32

  mutating func captures(_ traffic: Section) -> [TrafficSettings.Capture] {
    let sections = traffic.sections(
      "capture", Schema.capture, limit: SettingsDecoder.maximumCaptures, &problems)
    var taken: [String: Int] = [:]
    return (sections ?? []).compactMap { capture($0, &taken) }
  }

  private mutating func capture(
    _ section: Section, _ taken: inout [String: Int]
  ) -> TrafficSettings.Capture? {
    let maxBytes = section.value(Keys.captureBytes, &problems)
    let paths = redactionPaths(section)
    guard let word = section.text("operation", example: "CreateCourse", &problems) else {
      if section.node("operation") == nil {
        problems.add(
          section.place, section.path("operation"), "an operation is required",
          hint: "for example operation: GetCourses")
      }
      return nil
    }
    guard let operation = known(word, "operation", among: catalogue.operations) else { return nil }
    guard !catalogue.secretBearing.contains(operation) else {
      problems.add(
        word.place, word.path,
        "the bodies of \(operation) may carry a password, key, token or launch link, so they are never "
          + "recorded", hint: "remove the entry")
      return nil
    }
    if let line = taken[operation] {
      problems.add(
        word.place, word.path, "\(word.quoted) is listed twice",
        hint: line > 0 ? "it is already on line \(line)" : "")
      return nil
    }
    taken[operation] = word.place.line
    return TrafficSettings.Capture(operation: operation, maxBytes: maxBytes, redact: paths)
  }

  private mutating func redactionPaths(_ section: Section) -> [RedactionPath] {
    let words = section.words(
      "redact", limit: SettingsDecoder.maximumPaths, example: "redact: [\"$.learner.phone\"]",
      &problems)
    var paths: [RedactionPath] = []
    for word in words ?? [] {
      if let path = RedactionPath(configurationText: word.text) {
        paths.append(path)
      } else {
        problems.add(
          word.place, word.path, "expected \(RedactionPath.expectation), found \(word.quoted)",
          hint: word.text == "$"
            ? "to record nothing of the bodies, remove the entry"
            : "steps are .name, ['name'], [0], .* and [*]; filters, slices and .. are not supported"
        )
      }
    }
    return paths
  }
}
