/// A course and its versions.
struct Course: Sendable {
  struct Version: Sendable {
    /// 0 for the first one, as SCORM Cloud counts.
    var number: Int
    var created: Timestamp
    var updated: Timestamp
    /// Size in bytes of what was uploaded; a download has the same.
    var size: Int
  }

  var identifier: Identifier
  var title: String
  /// Oldest first, never empty.
  private(set) var versions: [Version]
  private(set) var latest: Version

  init(identifier: Identifier, title: String, size: Int, now: Timestamp) {
    self.identifier = identifier
    self.title = title
    latest = Version(number: 0, created: now, updated: now, size: size)
    versions = [latest]
  }

  /// Adds a version, or replaces the newest one when there are as many as there may be.
  mutating func addVersion(size: Int, now: Timestamp) {
    if versions.count >= ApplicationState.maximumVersions { versions.removeFirst() }
    latest = Version(number: latest.number + 1, created: now, updated: now, size: size)
    versions.append(latest)
  }

  /// Removes a version. False when it is the only one or there is no such version.
  mutating func removeVersion(_ number: Int) -> Bool {
    guard versions.count > 1, let index = versions.firstIndex(where: { $0.number == number })
    else { return false }
    versions.remove(at: index)
    if let last = versions.last { latest = last }
    return true
  }

  /// Notes a change of the newest version.
  mutating func touch(_ now: Timestamp) {
    latest.updated = now
    versions[versions.count - 1] = latest
  }

  /// The version that `text` numbers.
  func version(_ text: Identifier) throws(Refusal) -> Version {
    guard let number = Int(text.text), let version = versions.first(where: { $0.number == number })
    else { throw .message(404, "Could not find version [\(text)] of course [\(identifier)]") }
    return version
  }

  /// `CourseSchema`.
  func value(_ version: Version, tags: [String], registrations: Int? = nil) -> JSONValue {
    var members = [
      JSONMember("id", .string(identifier.text)), JSONMember("title", .string(title)),
      JSONMember("xapiActivityId", .string("https://sandbox.invalid/courses/\(version.number)")),
      JSONMember("created", .string(version.created.text)),
      JSONMember("updated", .string(version.updated.text)),
      JSONMember("version", .integer(version.number)),
      JSONMember("activityId", .string("sandbox-activity")),
      JSONMember("courseLearningStandard", "SCORM12"),
      JSONMember("tags", .strings(tags)),
      JSONMember("dispatched", false),
    ]
    if let registrations {
      members.append(JSONMember("registrationCount", .integer(registrations)))
    }
    return .object(members)
  }
}
