internal import CPage
internal import LocalServer

/// The page for browsers at `/`: the files of `Sources/Admin/Page`, which are part of the binary.
///
/// All files come from this server, and the content security policy tells the browser so. The scripts read the admin
/// pages as any client does, so the page shows nothing that those pages do not.
enum PageFiles {
  /// The path and content type of each file.
  static let types: [(path: String, type: String)] = [
    ("/", "text/html"), ("/page/page.css", "text/css"),
    ("/page/main.js", "text/javascript"), ("/page/dom.js", "text/javascript"),
    ("/page/feed.js", "text/javascript"), ("/page/window.js", "text/javascript"),
    ("/page/chart.js", "text/javascript"), ("/page/now.js", "text/javascript"),
    ("/page/traffic.js", "text/javascript"), ("/page/call.js", "text/javascript"),
    ("/page/lists.js", "text/javascript"), ("/page/icon.svg", "image/svg+xml"),
  ]

  /// The answer for `path`; nil if it is not one of the page's files.
  static func response(for path: String) -> LocalResponse? {
    guard let number = types.firstIndex(where: { $0.path == path }) else { return nil }
    return LocalResponse(
      status: 200,
      fields: [
        (name: "Content-Type", value: "\(types[number].type); charset=utf-8"),
        (name: "Content-Security-Policy", value: policy),
        (name: "Referrer-Policy", value: "no-referrer"),
        (name: "Cross-Origin-Resource-Policy", value: "same-origin"),
      ], body: .bytes(bytes(number)))
  }

  /// Whether the request comes from a browser, which prefers HTML to text.
  static func isWanted(by request: LocalRequest) -> Bool {
    request.field("Accept")?.contains("text/html") ?? false
  }

  static func bytes(_ number: Int) -> [UInt8] {
    // Proof: the bytes are constants of the binary, and `count` is their number.
    let file = unsafe page_file(number)
    return unsafe Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
  }

  /// Only files of this server, only requests to this server, no framing.
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    + "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
