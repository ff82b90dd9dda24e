/// Determines what an uploaded file is: a zip with a manifest, or a single PDF or media file.
package enum CourseReader {
  /// Largest manifest in bytes. Those of the largest real courses have a few MiB.
  package static let maximumManifest = 16 << 20
  /// Types of content that need no zip (client docstring: `.pdf, .mp3, or .mp4`).
  private static let media = ["application/pdf", "audio/mpeg", "audio/mp3", "video/mp4"]

  /// Describes the `length` bytes at `start` of the file behind `descriptor`, which must stay open during the call.
  ///
  /// - Parameter type: the value of `uploadedContentType`; nil if it is absent.
  /// - Throws: why the content cannot be imported, for the import job's message.
  package static func describe(descriptor: Int32, start: Int, length: Int, type: String?)
    throws(ContentFault) -> CourseDescription
  {
    if let type = type?.lowercased(), media.contains(type) { return CourseDescription() }
    let zip = try ZipArchive(descriptor: descriptor, start: start, length: length)
    var description = try manifest(zip)
    description.files = zip.entries
    return description
  }

  /// One file of a zip, unpacked; nil if it does not exist.
  package static func file(
    _ path: String, descriptor: Int32, start: Int, length: Int, limit: Int
  ) throws(ContentFault) -> [UInt8]? {
    try ZipArchive(descriptor: descriptor, start: start, length: length)
      .contents(of: path, limit: limit)
  }

  /// Describes a zip by its manifest, which is at the root or in the one folder that contains everything.
  private static func manifest(_ zip: borrowing ZipArchive) throws(ContentFault)
    -> CourseDescription
  {
    if let path = path("imsmanifest.xml", in: zip) {
      return try SCORMManifest.describe(try xml(path, in: zip))
    }
    if let path = path("cmi5.xml", in: zip) {
      return try XAPIManifest.cmi5(try xml(path, in: zip))
    }
    if let path = path("tincan.xml", in: zip) {
      return try XAPIManifest.tinCan(try xml(path, in: zip))
    }
    if let course = zip.entries.first(where: { $0.path.lowercased().hasSuffix(".crs") }) {
      return try AICCManifest.describe(course.path, in: zip)
    }
    throw ContentFault(
      "The zip has no manifest: no imsmanifest.xml, cmi5.xml, tincan.xml or .crs file was found.")
  }

  private static func path(_ name: String, in zip: borrowing ZipArchive) -> String? {
    let found = zip.entries.map(\.path).filter { path in
      path.split(separator: "/").last.map { $0.lowercased() == name } ?? false
    }
    return found.min { $0.utf8.count < $1.utf8.count }
  }

  private static func xml(_ path: String, in zip: borrowing ZipArchive) throws(ContentFault)
    -> XMLElement
  {
    guard let bytes = try zip.contents(of: path, limit: maximumManifest) else {
      throw ContentFault("\(path) cannot be unpacked.")
    }
    do { return try XMLReader.root(of: bytes) } catch {
      throw ContentFault("\(path) is not well-formed XML: \(error.message).")
    }
  }
}
