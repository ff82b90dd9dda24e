internal import AccessTokens
internal import EventLoop
internal import HTTPMessages
internal import Memory

/// One connection to the upstream.
struct UpstreamConnection: ~Copyable {
  var socket = SocketID.none
  /// The fetch that it carries.
  var fetch = Fetch()
  /// The beginning of an answer's head that came in pieces.
  var input = ByteBuffer()
  /// Masks the credential in the body under way; nil while nothing must be masked.
  var mask: CredentialMask?
  /// How far that head was searched for its end.
  var scanner = HeadScanner()
  /// Bytes that the upstream had not taken when its deadline last passed.
  var untaken = Untaken()
  /// The index of the caller whose exchange it serves; negative for none.
  var holder: Int32 = -1
  /// ``Generation/upstream`` of the upstream that it leads to.
  let destination: UInt32
  /// The exchange that was last checked for a slow caller; then when, and how many bytes its caller had moved by then.
  var lookedAtFor = SlabHandle.none
  var lookedAt: Int64 = 0
  var movedAtLook = 0
  var isConnected = false
  /// It has carried another request before its present one.
  var wasReused = false
  /// It waits in the pool.
  var isIdle = false

  init(to destination: UInt32) { self.destination = destination }

  /// Marks it as in use. Returns its socket.
  @inline(__always)
  mutating func takeFromIdle() -> SocketID {
    isIdle = false
    return socket
  }

  /// Marks it as idle, waiting for its next fetch. `wasUsed`: it has carried a request. Returns its socket, the index
  /// of the caller that held it, negative for none, and the upstream that it leads to.
  @inline(__always)
  mutating func becomeIdle(wasUsed: Bool) -> (
    socket: SocketID, holder: Int32, destination: UInt32
  ) {
    input.release()
    if wasUsed { wasReused = true }
    isIdle = true
    let last = holder
    holder = -1
    return (socket, last, destination)
  }

  /// Makes it carry `fetch`, for the caller `sharer`.
  @inline(__always)
  mutating func begin(_ fetch: Fetch, of sharer: Int) {
    self.fetch = fetch
    holder = Int32(truncatingIfNeeded: sharer)
  }

  /// Ends the fetch that it carries. Returns what that fetch has seen.
  @inline(__always)
  mutating func endFetch() -> Fetch.Figures {
    fetch.exchange = .none
    return fetch.figures
  }
}
