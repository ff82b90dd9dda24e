internal import CourseContent
internal import LocalServer
internal import Memory
internal import System
internal import TextCoding

/// The bytes of an uploaded course: a part of a file without a name, so that they need no memory.
struct StoredContent: Sendable {
  /// Content that a snapshot holds: more would make it a copy of the disk.
  static let maximumInSnapshot = 8 << 20
  /// Bytes of one file of a zip that is unpacked on demand.
  static let maximumFile = 64 << 20

  let file: KeptFile
  let range: Range<Int>

  init(_ file: KeptFile, _ range: Range<Int>) {
    self.file = file
    self.range = range
  }

  /// Keeps `bytes` in a file of their own; nil when the disk does not take them.
  init?(_ bytes: [UInt8], in folder: String) {
    guard let file = KeptFile(in: folder), file.write(bytes.span.bytesOfElements, at: 0) else {
      return nil
    }
    self.init(file, 0..<bytes.count)
  }

  var body: LocalBody { .file(file, range) }

  /// What the content says of itself, or why it cannot be imported.
  func describe(type: String?) throws(ContentFault) -> CourseDescription {
    try file.lend { (descriptor) throws(ContentFault) in
      try CourseReader.describe(
        descriptor: descriptor, start: range.lowerBound, length: range.count, type: type)
    }
  }

  /// A file of the zip; nil when there is none, or it cannot be unpacked.
  func file(_ path: String) -> [UInt8]? {
    let found = try? file.lend { (descriptor) throws(ContentFault) in
      try CourseReader.file(
        path, descriptor: descriptor, start: range.lowerBound, length: range.count,
        limit: StoredContent.maximumFile)
    }
    return found.flatMap { $0 }
  }

  /// For a snapshot; nil when there is too much of it.
  var encoded: String? {
    guard range.count <= StoredContent.maximumInSnapshot else { return nil }
    return file.read(range).map { Base64.standard.encode($0) }
  }
}

extension CourseDescription {
  /// `MetadataSchema`; nil when the content says nothing.
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
