internal import HTTPMessages
internal import Memory

/// Which requests of a browser a local server accepts: those of its own pages that only read, and a person who opens
/// one of its pages. A page of another origin gets nothing, neither the answer nor the effect.
///
/// The fields come from the browser itself (W3C Fetch Metadata). A page can neither set nor omit them.
enum PageRule {
  /// Whether the request comes from a page that must not use this server. `isSecured`: it arrived over TLS.
  static func refuses(
    _ head: RequestHead, _ fields: borrowing FieldList, in bytes: RawSpan, isSecured: Bool
  ) -> Bool {
    guard BrowserRule.isFromPage(head, fields, in: bytes) else { return false }
    guard head.method == .get || head.method == .head else { return true }
    if has("sec-fetch-site", "same-origin", fields, in: bytes) {
      // Chromium sends the page's own origin when it loads a module.
      return head.present.contains(.origin) && !isOwnOrigin(head, fields, in: bytes, isSecured)
    }
    if head.present.contains(.origin) { return true }
    // A link on another page may be followed in a window of its own: the other page sees nothing of it. A frame is
    // different, because its owner could lay something over it.
    return
      !(has("sec-fetch-mode", "navigate", fields, in: bytes)
      && has("sec-fetch-dest", "document", fields, in: bytes))
  }

  /// Whether a POST comes from one of this server's own pages and is marked as JSON, which a form cannot be.
  static func isOwnAction(
    _ head: RequestHead, _ fields: borrowing FieldList, in bytes: RawSpan, isSecured: Bool
  ) -> Bool {
    has("sec-fetch-site", "same-origin", fields, in: bytes)
      && has("content-type", "application/json", fields, in: bytes)
      && isOwnOrigin(head, fields, in: bytes, isSecured)
  }

  /// Whether the only Origin names this server. The Host was checked before, so a page of that origin is one that this
  /// server sent.
  private static func isOwnOrigin(
    _ head: RequestHead, _ fields: borrowing FieldList, in bytes: RawSpan, _ isSecured: Bool
  ) -> Bool {
    let scheme = isSecured ? "https://" : "http://"
    return values(of: "origin", fields, in: bytes) == [scheme + head.authority(in: bytes).text]
  }

  private static func values(
    of name: StaticString, _ fields: borrowing FieldList, in bytes: RawSpan
  ) -> [String] {
    var found: [String] = []
    for i in 0..<fields.count where fields[i].name(in: bytes).equalsIgnoringCase(name) {
      found.append(fields[i].value(in: bytes).text)
    }
    return found
  }

  /// Whether there is exactly one field called `name`, with the value `value`.
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
