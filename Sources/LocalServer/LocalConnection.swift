internal import EventLoop
internal import HTTPMessages
internal import Memory

/// One connection of a local server. Idle, it is this record and its socket, and owns no buffer.
struct LocalConnection: ~Copyable {
  enum Phase: UInt8 {
    /// Waits for a request, or for the rest of its head.
    case head
    /// The request's body is arriving.
    case body
    /// The answer is going out; further requests wait.
    case answer
  }

  var socket = SocketID.none
  var phase = Phase.head
  var http = HTTPConnection()
  /// It came when all places were taken: only what must always be answered is.
  var isReserved = false
  /// By which rules its peer's certificate was found good (``TLSAcceptor/trust``); nil without TLS.
  var trust: UInt64?
  /// The last moment of that certificate, in nanoseconds since 1970; nil without one.
  var notAfter: Int64?
  /// Its TLS handshake is under way.
  var isShakingHands = false
  /// When it began to wait for a request, counted in connections and requests.
  var waitsSince: UInt64 = 0
  /// The request whose body is arriving.
  var request = LocalConnection.noRequest
  var bodyReader = BodyReader(.none)
  /// The connection may carry another request after this one.
  var keepsAlive = true
  /// It is answered in the middle of a request.
  var awaitsRest = false
  /// The request is a HEAD: its answer has no body.
  var isHead = false
  /// The worker makes the answer.
  var awaitsWorker = false
  /// An answer's body that is made while it is sent, and how much of it was.
  var rest: LocalBody?
  var restSent = 0
  /// The responder's number of an answer without an end.
  var stream: Int?
  /// An answer that takes its time on purpose.
  var delivery: DeliveryUnderWay?

  /// Stands where there is no request; owns no memory.
  static var noRequest: LocalRequest { LocalRequest(method: "", path: "") }
}
