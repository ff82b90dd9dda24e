internal import HTTPMessages
internal import Memory

/// Which requests of a browser a local server takes: those of its own pages that only read, and a person
/// who opens one of its pages. A page of another origin gets nothing, neither its answer nor its effect.
///
/// The fields are the browser's own (W3C Fetch Metadata); a page cannot set or leave them out.
enum PageRule {
  /// Whether the request comes from a page that has no business here.
  static func refuses(
    _ head: RequestHead, _ fields: borrowing FieldList, in bytes: RawSpan
  ) -> Bool {
    guard BrowserRule.isFromPage(head, fields, in: bytes) else { return false }
    if head.present.contains(.origin) { return true }
    guard head.method == .get || head.method == .head else { return true }
    if has("sec-fetch-site", "same-origin", fields, in: bytes) { return false }
    // A link on another page, followed in a window of its own: that page sees nothing of it. A frame is
    // no such window: its owner could lay something over it.
    return
      !(has("sec-fetch-mode", "navigate", fields, in: bytes)
      && has("sec-fetch-dest", "document", fields, in: bytes))
  }

  /// Whether the field called `name` is there once and says `value`.
  private static func has(
    _ name: StaticString, _ value: StaticString, _ fields: borrowing FieldList, in bytes: RawSpan
  ) -> Bool {
    var found = 0
    var matches = true
    for i in 0..<fields.count where fields[i].name(in: bytes).equalsIgnoringCase(name) {
      found += 1
      matches = matches && fields[i].value(in: bytes).equalsIgnoringCase(value)
    }
    return found == 1 && matches
  }
}
