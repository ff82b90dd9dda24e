internal import EventLoop
internal import HTTPMessages
internal import Memory

/// One connection of a local server. While idle, it consists of this record and its socket, and owns no buffer.
struct LocalConnection: ~Copyable {
  enum Phase: UInt8 {
    /// Waiting for a request, or for the rest of its head.
    case head
    /// The request's body is arriving.
    case body
    /// The answer is being sent; further requests wait.
    case answer
  }

  var socket = SocketID.none
  var phase = Phase.head
  var http = HTTPConnection()
  /// It came when all places were taken: it gets only answers that must always be given.
  var isReserved = false
  /// The rules by which its peer's certificate was accepted (``TLSAcceptor/trust``); nil without TLS.
  var trust: UInt64?
  /// When that certificate expires, in nanoseconds since 1970; nil without one.
  var notAfter: Int64?
  /// Its TLS handshake is under way.
  var isShakingHands = false
  /// When it began to wait for a request: a count of connections and requests.
  var waitsSince: UInt64 = 0
  /// The request whose body is arriving.
  var request = LocalConnection.noRequest
  var bodyReader = BodyReader(.none)
  /// The connection may carry another request after this one.
  var keepsAlive = true
  /// It was answered in the middle of a request.
  var awaitsRest = false
  /// The request is a HEAD: its answer has no body.
  var isHead = false
  /// A worker thread makes the answer.
  var awaitsWorker = false
  /// The body of an answer that is made while it is sent; then how many bytes of it were sent.
  var rest: LocalBody?
  var restSent = 0
  /// The responder's number for an answer without an end.
  var stream: Int?
  /// An answer that is deliberately slow.
  var delivery: DeliveryUnderWay?

  /// Used when there is no request; owns no memory.
  static var noRequest: LocalRequest { LocalRequest(method: "", path: "") }
}
