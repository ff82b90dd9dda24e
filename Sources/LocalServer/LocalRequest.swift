package import System

/// One complete request to a service that answers by itself (the sandbox, the admin pages), with its body.
///
/// It is off the hot path, so texts are `String`s. The parser has already accepted the head: names and values hold no
/// control bytes.
package struct LocalRequest: Sendable {
  /// The method, as sent: `GET`.
  package var method: String
  /// The path of the target, raw: with percent escapes as sent, without the query.
  package var path: String
  /// The query, raw, without its `?`; empty when there is none.
  package var query: String
  /// Header fields in order, names as sent.
  package var fields: [(name: String, value: String)]
  /// The body's first bytes, up to the server's limit of bytes to keep.
  package var body: [UInt8]
  /// The whole body, if it is longer than ``body`` can hold and the server keeps such bodies in files.
  package var bodyFile: KeptFile?
  /// The whole body's length in bytes, even if it is longer than what is kept.
  package var bodySize: Int

  package init(
    method: String, path: String, query: String = "", fields: [(name: String, value: String)] = [],
    body: [UInt8] = [], bodySize: Int? = nil
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.fields = fields
    self.body = body
    self.bodySize = bodySize ?? body.count
  }

  /// The value of the first field called `name`, in any case; nil when there is none.
  package func field(_ name: String) -> String? {
    let wanted = name.lowercased()
    return fields.first { $0.name.lowercased() == wanted }?.value
  }
}

/// The answer to a ``LocalRequest``. The server adds `Content-Length` and `Date`.
package struct LocalResponse: Sendable {
  /// Status code, 200...599.
  package var status: Int
  /// Header fields in order, without framing fields.
  package var fields: [(name: String, value: String)]
  package var body: LocalBody
  /// How it is sent, if not at once.
  package var delivery: LocalDelivery?

  package init(
    status: Int, fields: [(name: String, value: String)] = [], body: LocalBody = .bytes([])
  ) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// A JSON answer.
  package static func json(
    _ text: String, status: Int = 200, fields: [(name: String, value: String)] = []
  ) -> LocalResponse {
    LocalResponse(
      status: status, fields: [(name: "Content-Type", value: "application/json")] + fields,
      body: .bytes(Array(text.utf8)))
  }

  /// A plain text answer.
  package static func text(_ text: String, status: Int = 200) -> LocalResponse {
    LocalResponse(
      status: status, fields: [(name: "Content-Type", value: "text/plain; charset=utf-8")],
      body: .bytes(Array(text.utf8)))
  }
}

/// The body of a local answer.
package enum LocalBody: Sendable {
  case bytes([UInt8])
  /// `count` zero bytes that are made while they are sent: a large download that needs no memory.
  case zeros(count: Int)
  /// A part of a file, read while it is sent.
  case file(KeptFile, Range<Int>)
  /// A body without an end: the responder is asked for pieces of the stream with this number until it has no more or
  /// the peer leaves. The end of the connection is the end of the body (RFC 9112 section 6.3).
  case stream(Int)
}

/// A service behind a local server. One instance serves one event loop, so it may keep state.
package protocol LocalResponder: SendableMetatype {
  /// Answers one request. Must not block.
  mutating func respond(to request: LocalRequest) -> LocalResponse

  /// Returns a closure that answers a request that takes time, to be called on a separate thread, one at a time; nil
  /// for requests that ``respond(to:)`` answers. The closure may block.
  func slowAnswer(to request: LocalRequest) -> (@Sendable () -> LocalResponse)?

  /// Does what is due without a request, and returns the nanoseconds until something is due again; nil when nothing is.
  /// Called after each request, after that time, and after ``LocalService/callAttention()``. Must not block.
  mutating func attend() -> Int64?

  /// The next bytes of a stream that an answer began with ``LocalBody/stream(_:)``: empty when there are none for now,
  /// nil when it ends. Called four times a second, once the peer has taken the previous piece. `now` is monotonic, in
  /// nanoseconds. Must not block.
  mutating func nextPiece(of stream: Int, now: Int64) -> [UInt8]?

  /// Notes that a stream is over, no matter which side ended it.
  mutating func streamEnded(_ stream: Int)

  /// Whether POST to `path` may come from one of this server's own pages, as JSON.
  func takesOwnPages(_ path: String) -> Bool

  /// Whether a request for `path` must be answered even if there are too many connections, and with any Host: for
  /// probes, which may use any name for this machine. With a foreign Host the request has no query. The answer must be
  /// short, reveal no more than the probe needs, and come from ``respond(to:)``.
  func isAlwaysAnswered(_ path: String) -> Bool
}

extension LocalResponder {
  package mutating func attend() -> Int64? { nil }

  package mutating func nextPiece(of stream: Int, now: Int64) -> [UInt8]? { nil }

  package mutating func streamEnded(_ stream: Int) {}

  package func takesOwnPages(_ path: String) -> Bool { false }

  package func slowAnswer(to request: LocalRequest) -> (@Sendable () -> LocalResponse)? { nil }

  package func isAlwaysAnswered(_ path: String) -> Bool { false }
}
