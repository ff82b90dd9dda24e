internal import CourseContent
internal import LocalServer
internal import Memory
internal import System
internal import TextCoding

/// The bytes of an uploaded course: a range of a file without a name, so they need no memory.
struct StoredContent: Sendable {
  /// Largest content in a snapshot, in bytes. With more, a snapshot would become a copy of the disk.
  static let maximumInSnapshot = 8 << 20
  /// Largest file of a zip that is unpacked on demand, in bytes.
  static let maximumFile = 64 << 20

  let file: KeptFile
  let range: Range<Int>

  init(_ file: KeptFile, _ range: Range<Int>) {
    self.file = file
    self.range = range
  }

  /// Writes `bytes` to a new file; nil if that fails.
  init?(_ bytes: [UInt8], in folder: String) {
    guard let file = KeptFile(in: folder), file.write(bytes.span.bytesOfElements, at: 0) else {
      return nil
    }
    self.init(file, 0..<bytes.count)
  }

  var body: LocalBody { .file(file, range) }

  /// Returns what the content says about itself, or throws why it cannot be imported.
  func describe(type: String?) throws(ContentFault) -> CourseDescription {
    try file.lend { (descriptor) throws(ContentFault) in
      try CourseReader.describe(
        descriptor: descriptor, start: range.lowerBound, length: range.count, type: type)
    }
  }

  /// A file of the zip; nil if it does not exist or cannot be unpacked.
  func file(_ path: String) -> [UInt8]? {
    let found = try? file.lend { (descriptor) throws(ContentFault) in
      try CourseReader.file(
        path, descriptor: descriptor, start: range.lowerBound, length: range.count,
        limit: StoredContent.maximumFile)
    }
    return found.flatMap { $0 }
  }

  /// The form in a snapshot; nil if the content is too large.
  var encoded: String? {
    guard range.count <= StoredContent.maximumInSnapshot else { return nil }
    return file.read(range).map { Base64.standard.encode($0) }
  }
}

extension CourseDescription {
  /// `MetadataSchema`; nil if the content has no metadata.
  var metadataValue: JSONValue? {
    var members: [JSONMember] = []
    for (name, text) in [
      ("title", metadata.title), ("titleLanguage", metadata.titleLanguage),
      ("description", metadata.description), ("descriptionLanguage", metadata.descriptionLanguage),
      ("duration", metadata.duration), ("typicalTime", metadata.typicalTime),
    ] where !text.isEmpty {
      members.append(JSONMember(name, .string(text)))
    }
    if !metadata.keywords.isEmpty {
      members.append(JSONMember("keywords", .strings(metadata.keywords)))
    }
    return members.isEmpty ? nil : .object(members)
  }
}

extension CourseActivity {
  /// `CourseActivitySchema`.
  var value: JSONValue {
    [
      "externalIdentifier": .string(externalIdentifier), "itemIdentifier": .string(itemIdentifier),
      "resourceIdentifier": .string(resourceIdentifier), "activityType": .string(kind.rawValue),
      "href": .string(href), "scaledPassingScore": .string(scaledPassingScore),
      "title": .string(title), "children": .array(children.map(\.value)),
    ]
  }
}
