internal import EventLoop
internal import HTTPMessages
internal import Memory
internal import System

/// One connection of a caller. Idle, it is this record and its socket, and owns no buffer.
struct CallerConnection: ~Copyable {
  // What every request looks at, side by side: of thousands of callers none is in the processor's cache.
  var socket = SocketID.none
  /// The exchange under way.
  var exchange = SlabHandle.none
  /// Bytes that could not be served yet: a head in pieces, a body whose upstream is not ready, or the
  /// next request.
  var input = ByteBuffer()
  let peer: PeerIdentity
  let listener: UInt16
  /// Index of the caller plus one; 0 when the configuration names callers and none matches.
  let callerNumber: UInt16
  /// Its bytes are being served further up the stack.
  var isServing = false
  /// It has sent a request.
  var hasAsked = false
  /// The first bytes of a head are there, and its deadline runs.
  var awaitsHead = false
  /// It sent its last byte.
  var hasEnded = false

  /// How far the end of a head that comes in pieces was looked for. Begun anew with the head's first piece.
  var scanner = HeadScanner()
  /// Bytes that it had not taken when its deadline passed last: another number the next time, and it reads.
  var untakenAtDeadline = 0

  init(peer: PeerIdentity, listener: Int, caller: Int?) {
    self.peer = peer
    self.listener = UInt16(listener)
    callerNumber = caller.map { UInt16($0 + 1) } ?? 0
  }
}

/// One connection to the upstream.
struct UpstreamConnection: ~Copyable {
  var socket = SocketID.none
  /// The exchange it serves.
  var exchange = SlabHandle.none
  /// The beginning of an answer's head that came in pieces.
  var input = ByteBuffer()
  /// How far the end of that head was looked for.
  var scanner = HeadScanner()
  /// Bytes that the upstream had not taken when its deadline passed last.
  var untakenAtDeadline = 0
  /// The index of the caller whose exchange it serves; negative for none.
  var holder: Int32 = -1
  /// The exchange whose caller was found to keep it waiting, since when, and what it had moved by then.
  var lookedAtFor = SlabHandle.none
  var lookedAt: Int64 = 0
  var movedAtLook = 0
  var isConnected = false
  /// It has carried a request before the one it carries now.
  var wasReused = false
  /// It waits in the pool.
  var isIdle = false
}

/// What a socket's tag says it is.
enum SocketKind {
  static let caller: UInt8 = 1
  static let upstream: UInt8 = 2
}
