internal import HTTPMessages
internal import Memory

/// One use of an upstream connection: a request that goes out for an exchange, and the answer that comes back.
///
/// An exchange has as many fetches as it needs, one after the other: none when it is refused, usually one, more when
/// its request is sent again. A connection carries one fetch at a time, so the record is part of the connection's.
struct Fetch {
  /// The exchange that gets the answer; none while the connection carries no fetch.
  var exchange = SlabHandle.none
  /// Where the answer ends.
  var answer = BodyReader()
  /// Status of the answer; 0 before its head.
  var status: UInt16 = 0
  /// The connection may be used again when the answer is complete.
  var keepsConnection = false
  /// The credential that was sent. It may have been replaced since.
  var sent = SentCredential()
  /// Its span; 0 before it is sent, or without tracing.
  var span: UInt64 = 0

  /// What the line reports of a fetch.
  struct Figures {
    var status: UInt16 = 0
    var span: UInt64 = 0
    /// Bytes of the answer's body.
    var answerBytes = 0
  }

  init() {}

  init(for exchange: SlabHandle) { self.exchange = exchange }

  @inline(__always)
  var figures: Figures {
    Figures(status: status, span: span, answerBytes: answer.bytesRead)
  }

  /// Which token was sent; of a Basic credential, which secret.
  var tokenGeneration: UInt32 { sent.generation }

  /// Notes what the answer's head says. `isWhole`: the request was sent to its end. Returns the credential that was
  /// sent.
  @discardableResult
  mutating func note(_ head: ResponseHead, isWhole: Bool) -> SentCredential {
    answer = BodyReader(head.framing, chunks: .answers)
    status = UInt16(head.status)
    // Not after an answer that came before the whole request was sent. Not after a head that announces a body where
    // none is allowed: that body may come anyway.
    keepsConnection = head.keepsAlive && isWhole && !head.tellsOfAbsentBody
    return sent
  }
}

/// The credential that a request went with, as a fetch remembers it.
struct SentCredential: BitwiseCopyable {
  /// The slot of a token; negative for another credential, or none.
  var slot: Int32 = SentCredential.none
  /// Which token, or which secret.
  var generation: UInt32 = 0

  static let none: Int32 = -1
  /// An app's id and secret.
  static let basic: Int32 = -2
}
