internal import AccessTokens
internal import EventLoop
internal import HTTPMessages
internal import Memory

/// One connection to the upstream.
struct UpstreamConnection: ~Copyable {
  var socket = SocketID.none
  /// What it carries.
  var fetch = Fetch()
  /// The beginning of an answer's head that came in pieces.
  var input = ByteBuffer()
  /// Masks the credential in the body under way; nil while that has no need of it.
  var mask: CredentialMask?
  /// How far the end of that head was looked for.
  var scanner = HeadScanner()
  /// Bytes that the upstream had not taken when its deadline passed last.
  var untaken = Untaken()
  /// The index of the caller whose exchange it serves; negative for none.
  var holder: Int32 = -1
  /// ``Generation/upstream`` of where it leads.
  let destination: UInt32
  /// The exchange whose caller was found to keep it waiting, since when, and what it had moved by then.
  var lookedAtFor = SlabHandle.none
  var lookedAt: Int64 = 0
  var movedAtLook = 0
  var isConnected = false
  /// It has carried a request before the one it carries now.
  var wasReused = false
  /// It waits in the pool.
  var isIdle = false

  init(to destination: UInt32) { self.destination = destination }

  /// It is not idle any more. Returns its socket.
  @inline(__always)
  mutating func takeFromIdle() -> SocketID {
    isIdle = false
    return socket
  }

  /// It carries nothing and waits for the next fetch. `wasUsed`: it has carried a request. Returns its socket and the
  /// caller that held it; negative for none.
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

  /// It carries `fetch`, for the caller `sharer`.
  @inline(__always)
  mutating func begin(_ fetch: Fetch, of sharer: Int) {
    self.fetch = fetch
    holder = Int32(truncatingIfNeeded: sharer)
  }

  /// It carries no fetch any more. Returns what the one that it carried has seen.
  @inline(__always)
  mutating func endFetch() -> Fetch.Figures {
    fetch.exchange = .none
    return fetch.figures
  }
}
