internal import CourseContent
internal import System

/// The course uploaded with an import, and what its content says about it.
struct CourseUpload {
  /// Longest text of the part `contentMetadata`, in bytes.
  private static let maximumText = 64 * 1024

  /// The version that the import will create. Its times are set then.
  var version = Course.Version()
  /// Empty if the content has none.
  var title = ""
  var warnings: [String] = []
  var languages: [String] = []
  /// Why the import will fail; nil if it will not.
  var fault: String?

  /// - Parameter type: the value of `uploadedContentType`.
  init(_ call: CloudCall, type: String?) {
    guard let (content, text) = CourseUpload.content(of: call) else {
      fault = "The upload has no part called file, or the disk is full."
      return
    }
    version.size = content.range.count
    version.content = content
    do throws(ContentFault) {
      take(try content.describe(type: type))
    } catch {
      fault = error.message
    }
    // Media files do not describe themselves, so the caller does (client: "Serialized 'mediaFileMetadata' schema").
    if let told = text.flatMap({ try? JSONValue(json: $0) }) {
      version.metadata = ImportJobOperations.metadata(told)
      title = told["title"]?.string ?? title
    }
  }

  private mutating func take(_ description: CourseDescription) {
    title = description.title
    warnings = description.warnings
    languages = description.languages
    version.learningStandard = description.standard.rawValue
    version.rootActivity = description.root?.value
    version.metadata = description.metadataValue
    version.activityID = description.activityID ?? ""
    for entry in description.files.prefix(AssetFile.maximumFiles) {
      let modified = Timestamp(seconds: entry.modified)
      let file = AssetFile(size: entry.size, modified: modified, content: nil)
      _ = version.files.insert(file, at: Identifier(entry.path))
    }
  }

  /// The part `file`, and the text of the part `contentMetadata`.
  private static func content(of call: CloudCall) -> (StoredContent, [UInt8]?)? {
    if call.bodySize == call.body.count {
      guard let form = MultipartForm(call.body, contentType: call.rawContentType),
        let part = form.part("file"),
        let content = StoredContent(Array(call.body[part.body]), in: call.folder)
      else { return nil }
      return (content, form.part("contentMetadata").map { Array(call.body[$0.body]) })
    }
    guard let file = call.bodyFile,
      let parts = MultipartFile.parts(file, size: call.bodySize, contentType: call.rawContentType),
      let part = parts.first(where: { $0.name == "file" })
    else { return nil }
    let text = parts.first { $0.name == "contentMetadata" && $0.body.count <= maximumText }
    return (StoredContent(file, part.body), text.flatMap { file.read($0.body) })
  }
}

/// The parts of a `multipart/form-data` body (RFC 7578) in a file that is read in pieces.
enum MultipartFile {
  /// Longest head of a part, in bytes.
  private static let maximumHead = 16 * 1024
  private static let pieceBytes = 1 << 20

  /// Nil if there are none or if the file cannot be read.
  static func parts(_ file: KeptFile, size: Int, contentType: String) -> [MultipartForm.Part]? {
    guard let boundary = MultipartForm.boundary(of: contentType) else { return nil }
    let mark = Array("--\(boundary)".utf8)
    let lineMark = Array("\r\n--\(boundary)".utf8)
    guard var at = find(mark, in: file, from: 0, size: size) else { return nil }
    var parts: [MultipartForm.Part] = []
    while parts.count < MultipartForm.maximumParts {
      let head = at + mark.count
      // Two dashes end the body.
      guard head + 1 < size, let first = file.read(head..<head + 1), first != [0x2D],
        let end = find(Array("\r\n\r\n".utf8), in: file, from: head, size: size),
        end - head <= maximumHead, let next = find(lineMark, in: file, from: end + 2, size: size),
        let fields = file.read(head..<end)
      else { break }
      let body = min(end + 4, next)..<next
      if let part = MultipartForm.part(String(decoding: fields, as: UTF8.self), body) {
        parts.append(part)
      }
      at = next + 2
    }
    return parts.isEmpty ? nil : parts
  }

  /// The first occurrence of `wanted` from `start` on (Horspool's algorithm, in pieces).
  private static func find(_ wanted: [UInt8], in file: KeptFile, from start: Int, size: Int) -> Int?
  {
    guard let last = wanted.last else { return nil }
    var skips = [Int](repeating: wanted.count, count: 256)
    for (place, byte) in wanted.dropLast().enumerated() {
      skips[Int(byte)] = wanted.count - 1 - place
    }
    var at = start
    while at + wanted.count <= size {
      guard let piece = file.read(at..<min(size, at + pieceBytes)) else { return nil }
      var end = wanted.count - 1
      while end < piece.count {
        let byte = piece[end]
        if byte == last, piece[(end - wanted.count + 1)...end].elementsEqual(wanted) {
          return at + end - wanted.count + 1
        }
        end += skips[Int(byte)]
      }
      // Pieces overlap by one byte less than `wanted`, so a match across their boundary is found.
      at += end - wanted.count + 1
    }
    return nil
  }
}
