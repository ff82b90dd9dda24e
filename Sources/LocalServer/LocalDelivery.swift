/// How an answer is sent if not simply at once: late, in pieces, or not completely. For a server that simulates faults
/// on the way.
package struct LocalDelivery: Sendable {
  /// How the connection ends before the answer does.
  package enum Cut: Sendable, Equatable {
    /// Nothing is sent; the peer sees a reset.
    case resetAtOnce
    /// This many bytes of the body are sent, then the peer sees a reset.
    case resetAfter(Int)
    /// This many bytes of the body are sent, then the connection is closed as after a complete answer.
    case closeAfter(Int)
  }

  /// The longest ``delay`` and ``pause`` in nanoseconds: ten minutes, longer than clients wait.
  package static let longestWait: Int64 = 600_000_000_000

  /// Nanoseconds before the first byte.
  package var delay: Int64
  /// The number of pieces in which the body is sent. With 1 or less it is sent at once.
  package var pieces: Int
  /// Nanoseconds between two pieces.
  package var pause: Int64
  package var cut: Cut?

  package init(delay: Int64 = 0, pieces: Int = 1, pause: Int64 = 0, cut: Cut? = nil) {
    self.delay = min(max(0, delay), LocalDelivery.longestWait)
    self.pieces = max(1, pieces)
    self.pause = min(max(0, pause), LocalDelivery.longestWait)
    self.cut = cut
  }
}

/// A delivery in progress.
struct DeliveryUnderWay: Sendable {
  /// What remains: the head first, alone or with the body.
  var response: LocalResponse
  let delivery: LocalDelivery
  var headIsSent = false
  /// Bytes of the body that were sent.
  var sent = 0
  /// When the next piece is due.
  var next: Int64
}
