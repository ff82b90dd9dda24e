/// How an answer goes out that is not simply sent: late, in pieces, not to its end. For a server that plays
/// what goes wrong on the way.
package struct LocalDelivery: Sendable {
  /// Where the connection ends before the answer does.
  package enum Cut: Sendable, Equatable {
    /// Nothing is sent; the peer sees a reset.
    case resetAtOnce
    /// So many bytes of the body are sent, then the peer sees a reset.
    case resetAfter(Int)
    /// So many bytes of the body are sent, then the connection is closed as after a whole answer.
    case closeAfter(Int)
  }

  /// Longest ``delay`` and ``pause`` in nanoseconds: ten minutes, longer than clients wait.
  package static let longestWait: Int64 = 600_000_000_000

  /// Nanoseconds before the first byte.
  package var delay: Int64
  /// How many pieces the body goes out in. With 1 or less it goes at once.
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

/// A delivery on its way.
struct DeliveryUnderWay: Sendable {
  /// What remains: first the head, by itself or with the body.
  var response: LocalResponse
  let delivery: LocalDelivery
  var headIsSent = false
  /// Bytes of the body that were sent.
  var sent = 0
  /// When the next piece goes.
  var next: Int64
}
