internal import System
internal import TextCoding

/// A course and its versions.
struct Course: StoredRecord {
  struct Version: StoredRecord {
    /// 0 for the first version, as SCORM Cloud counts.
    var number = 0
    var created = Timestamp(seconds: 0)
    var updated = Timestamp(seconds: 0)
    /// Size of the upload in bytes; a download has the same size.
    var size = 0
    /// A value of `courseLearningStandard`.
    var learningStandard = "SCORM12"
    /// `CourseActivitySchema`, if the content describes its activities.
    var rootActivity: JSONValue?
    /// `MetadataSchema`, if there is any.
    var metadata: JSONValue?
    /// Identifier of an xAPI activity or cmi5 course; empty for other courses.
    var activityID = ""
    /// The upload; nil for a course that was not uploaded.
    var content: StoredContent?
    var files = KeyedList<AssetFile>(limit: AssetFile.maximumFiles)
    var settings: [String: String] = [:]

    mutating func exchange(_ fields: inout RecordFields) {
      fields.field("version", &number)
      fields.field("created", &created)
      fields.field("updated", &updated)
      fields.field("size", &size)
      fields.field("courseLearningStandard", &learningStandard, default: "SCORM12")
      fields.field("rootActivity", &rootActivity)
      fields.field("metadata", &metadata)
      fields.field("activityId", &activityID)
      var text = fields.isReading ? nil : content?.encoded
      fields.field("content", &text)
      if fields.isReading, let text {
        content = Base64.standard.decode(text).flatMap {
          StoredContent($0, in: KeptFile.usualFolder)
        }
        if content == nil { fields.fault("content", "must be base64, and fit on the disk") }
      }
      fields.field("files", &files)
      fields.field("settings", &settings)
    }

    /// The template for a registration's activities.
    func root(title: String) -> JSONValue {
      rootActivity
        ?? [
          "externalIdentifier": "", "itemIdentifier": "sandbox-activity",
          "resourceIdentifier": "sandbox-resource", "activityType": "SCO", "href": "index.html",
          "scaledPassingScore": "", "title": .string(title), "children": [],
        ]
    }
  }

  var title = ""
  var tags = TagList()
  var settings: [String: String] = [:]
  /// Oldest first. Never empty once the course is in a list.
  private(set) var versions: [Version] = []

  init() {}

  init(title: String, _ version: Version) {
    self.title = title
    versions = [version]
  }

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("title", &title)
    fields.field("tags", &tags.texts)
    fields.field("settings", &settings)
    fields.field("versions", &versions)
    // A seed need not list the one version that every course has.
    if fields.isReading, versions.isEmpty { versions = [Version()] }
  }

  var latest: Version { versions.last ?? Version() }
  var created: Timestamp { versions.first?.created ?? Timestamp(seconds: 0) }

  /// Adds a version. If that exceeds the maximum, the oldest version is removed.
  mutating func add(_ version: Version) {
    var version = version
    version.number = versions.isEmpty ? 0 : latest.number + 1
    if versions.count >= ApplicationState.maximumVersions { versions.removeFirst() }
    versions.append(version)
  }

  mutating func removeVersion(_ number: Int) { versions.removeAll { $0.number == number } }

  /// Changes version `number`, or the newest one if nil.
  mutating func update(_ number: Int?, _ change: (inout Version) -> Void) {
    guard !versions.isEmpty else { return }
    let place = number.flatMap { wanted in versions.firstIndex { $0.number == wanted } }
    change(&versions[place ?? versions.count - 1])
  }

  /// Records a change of the newest version.
  mutating func touch(_ now: Timestamp) { update(nil) { $0.updated = now } }

  /// The version whose number is `text`.
  func version(_ text: Identifier, of course: Identifier) throws(Refusal) -> Version {
    guard let number = Int(text.text), let version = versions.first(where: { $0.number == number })
    else { throw .message(404, "Could not find version [\(text)] of course [\(course)]") }
    return version
  }
}

/// A file of a course's content. Its bytes are kept if it was uploaded as a single file and is small.
struct AssetFile: StoredRecord {
  /// Maximum number of files per course.
  static let maximumFiles = 10_000
  /// Longest path, in bytes.
  static let maximumPath = 1_000

  var size = 0
  var modified = Timestamp(seconds: 0)
  var content: [UInt8]?

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("size", &size)
    fields.field("modified", &modified)
    var text = content.map { Base64.standard.encode($0) }
    fields.field("content", &text)
    if fields.isReading { content = text.flatMap { Base64.standard.decode($0) } }
  }
}
