package import HTTPMessages
internal import JSONText
package import Memory

/// The head of a list that is made of many pages.
extension ResponseHeadRewriter {
  /// Fields of the first page that describe its bytes, and do not apply to the whole list.
  private static let aboutOnePage: [StaticString] = [
    "etag", "last-modified", "accept-ranges", "content-range", "content-md5", "digest",
    "content-digest", "repr-digest", "content-encoding", "link", "age",
  ]

  /// Appends a head made from the first page's head. It leaves out the fields that are known only at the end of the
  /// first page, our request id and the closing empty line.
  package func writeWalk(
    _ head: ResponseHead, fields: borrowing FieldList, in bytes: RawSpan, form: PageWalk.Form,
    closesConnection: Bool, dates: borrowing DateTexts, into out: inout ByteBuffer
  ) {
    out.put("HTTP/1.1 200 OK\r\n")
    var dropped = ResponseHeadRewriter.dropped
    dropped.insert(.contentLength)
    dropped.insert(.xScormPages)
    if case .lines = form { dropped.insert(.contentType) }
    fields.copy(
      from: bytes, without: dropped, namedAmong: ResponseHeadRewriter.aboutOnePage,
      head.connection, into: &out)
    if case .lines = form { out.put("Content-Type: application/x-ndjson\r\n") }
    if !head.present.contains(.date) { dates.putFieldLine(into: &out) }
    out.put("Transfer-Encoding: chunked\r\n")
    if closesConnection { out.put("Connection: close\r\n") }
    via.put(receivedIn: head.version, into: &out)
    out.put("X-Content-Type-Options: nosniff\r\n")
  }

  /// Whether the body is compressed although the gateway asked for it uncompressed.
  package static func isEncoded(_ fields: borrowing FieldList, in bytes: RawSpan) -> Bool {
    for i in 0..<fields.count where fields[i].name == .other {
      guard fields[i].name(in: bytes).equalsIgnoringCase("content-encoding") else { continue }
      if !fields[i].value(in: bytes).equalsIgnoringCase("identity") { return true }
    }
    return false
  }

  /// The number of all items, which the first page states if it was asked to; nil for none.
  package static func totalCount(_ fields: borrowing FieldList, in bytes: RawSpan) -> Int? {
    for i in 0..<fields.count where fields[i].name == .other {
      guard fields[i].name(in: bytes).equalsIgnoringCase("x-total-count") else { continue }
      return fields[i].value(in: bytes).wholeNumber.map { Int(clamping: $0) }
    }
    return nil
  }
}
