internal import JSONText
package import Memory
internal import SCORMCloudAPI
internal import TextCoding

/// The answer to a call that is decided but not sent because the mode is `dry-run`: what was decided, in the words of
/// `scorm-gateway explain --format json`, and what would have been sent.
///
/// It contains no credential: the head that is shown has none, and the line that would carry it is masked.
package struct RehearsalAnswer {
  package let plan: RequestPlan
  /// The names of its caller and its app.
  package var caller = ""
  package var app = ""
  /// The scopes of its token; nil if the credential is not a token.
  package var scope: String?
  /// Whether that token is at hand; nil if no token is used.
  package var hasToken: Bool?
  /// The names of the limits that count the call, and of those that it would wait for.
  package var limits: [String] = []
  package var violated: [String] = []
  package var isUpstreamPaused = false
  /// Nanoseconds that the call would wait for limits.
  package var predictedWait: Int64 = 0
  /// The upstream's origin: `https://cloud.scorm.com`.
  package var origin = ""
  /// Bytes of its body without framing; nil if not all of them were read.
  package var bodyLength: Int?

  package init(_ plan: RequestPlan) { self.plan = plan }

  /// Appends the document. `head` is the request's head as it would be sent upstream, without its credential and the
  /// closing empty line.
  package func put(_ head: RawSpan, into out: inout ByteBuffer) {
    var lines = HeadLines(head)
    JSONWriter.put(into: &out) { json in
      json.object { json in
        json.member("dry_run", true)
        json.member("caller", caller)
        json.member("app", app)
        putDecisions(into: &json)
        json.member("upstream", origin + lines.target.text)
        json.object("would_send") { putRequest(&lines, into: &$0) }
      }
    }
    out.put("\n")
  }

  private func putDecisions(into json: inout JSONWriter) {
    if plan.isKnownOperation {
      let operation = OperationTable.operation(at: plan.operation)
      json.member("operation", operation.name)
      json.member("access", operation.access.name)
      json.member("certainty", operation.certainty.name)
    }
    json.member("credential", plan.credential.name)
    if let scope { json.member("scope", scope) }
    json.member("rung", Int(plan.rung) + 1)
    if let hasToken {
      json.object("token") { $0.member("state", hasToken ? "usable" : "fetched when needed") }
    }
    json.array("limits", of: limits)
    json.array("violated", of: violated)
    json.member("upstreamPaused", isUpstreamPaused)
    json.member("predictedWait", json: SecondsText.of(nanoseconds: predictedWait))
  }

  private func putRequest(_ lines: inout HeadLines, into json: inout JSONWriter) {
    json.name("method")
    json.value(lines.method)
    json.name("target")
    json.value(lines.target)
    var fields = lines.fields
    json.name("host")
    json.value(fields.next() ? fields.value : RawSpan())
    json.array("fields") { json in
      while fields.next() { RehearsalAnswer.put(fields.name, fields.value, into: &json) }
      switch plan.credential {
      case .token: RehearsalAnswer.put("Authorization", "Bearer ***", into: &json)
      case .basic: RehearsalAnswer.put("Authorization", "Basic ***", into: &json)
      case .none: break
      }
    }
    json.object("body") { json in
      json.name("type")
      var all = lines.fields
      if all.find("content-type") { json.value(all.value) } else { json.null() }
      json.name("length")
      if let bodyLength { json.value(bodyLength) } else { json.null() }
    }
  }

  private static func put(_ name: RawSpan, _ value: RawSpan, into json: inout JSONWriter) {
    json.object { json in
      json.name("name")
      json.value(name)
      json.name("value")
      json.value(value)
    }
  }

  private static func put(
    _ name: StaticString, _ value: StaticString, into json: inout JSONWriter
  ) {
    json.object { json in
      json.member("name", name)
      json.member("value", value)
    }
  }
}

/// The lines of a request's head that the gateway wrote. Their form is known, so nothing is checked.
private struct HeadLines: ~Escapable {
  let head: RawSpan
  private let methodEnd: Int
  private let targetEnd: Int
  private let start: Int

  @_lifetime(copy head)
  init(_ head: RawSpan) {
    self.head = head
    methodEnd = head.firstIndex(of: UInt8(ascii: " "), from: 0)
    targetEnd = head.firstIndex(of: UInt8(ascii: " "), from: methodEnd + 1)
    start = min(head.byteCount, head.firstIndex(of: UInt8(ascii: "\n"), from: targetEnd) + 1)
  }

  var method: RawSpan {
    @_lifetime(copy self)
    get { head.slice(0, methodEnd) }
  }

  var target: RawSpan {
    @_lifetime(copy self)
    get { head.slice(methodEnd + 1, targetEnd) }
  }

  /// The lines of the fields, Host first.
  var fields: Fields {
    @_lifetime(copy self)
    get { Fields(head, from: start) }
  }

  /// Iterates over the fields.
  struct Fields: ~Escapable {
    let head: RawSpan
    private var at: Int
    private var nameEnd = 0
    private var start = 0
    private var end = 0

    @_lifetime(copy head)
    init(_ head: RawSpan, from start: Int) {
      self.head = head
      at = start
    }

    /// Moves to the next field. Returns false after the last one.
    @_lifetime(self: copy self)
    mutating func next() -> Bool {
      guard at < head.byteCount else { return false }
      start = at
      end = head.firstIndex(of: UInt8(ascii: "\r"), from: at)
      nameEnd = head.firstIndex(of: UInt8(ascii: ":"), from: at)
      at = end + 2
      return nameEnd < end
    }

    /// Moves to the first field called `name`, given in lower case. Returns false if there is none.
    @_lifetime(self: copy self)
    mutating func find(_ name: StaticString) -> Bool {
      while next() { if self.name.equalsIgnoringCase(name) { return true } }
      return false
    }

    var name: RawSpan {
      @_lifetime(copy self)
      get { head.slice(start, nameEnd) }
    }

    var value: RawSpan {
      @_lifetime(copy self)
      get { head.slice(min(end, nameEnd + 2), end) }
    }
  }
}
