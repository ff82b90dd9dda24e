package import HTTPMessages

/// Whether a request whose upstream connection failed may be sent once more: RFC 9110 section 9.2.2, RFC
/// 9112 section 9.3.1.
///
/// Only what is provably safe is repeated. A POST is repeated when not a byte of it was written; a request
/// that is idempotent also when its connection had been kept alive and ended before the first byte of an
/// answer, because then the upstream most likely closed it before it saw the request. A request of which not all was
/// sent is none that could have been acted on (RFC 9112 section 8).
package struct RetryRule: Sendable {
  /// Upstream requests made for one exchange with one credential, at most.
  package static let attemptLimit = 2

  /// What is known of the failed attempt.
  package struct Attempt: Sendable {
    package var method: HTTPMethod
    /// Attempts made, the failed one included, those not that were answered and led to another credential.
    package var number: Int
    /// The connection had carried a request before.
    package var wasReused: Bool
    /// Some byte of the request may have left.
    package var wroteBytes: Bool
    /// Some byte of an answer arrived.
    package var receivedBytes: Bool
    /// Everything sent so far is still at hand.
    package var isReplayable: Bool
    /// Some of it was not sent yet.
    package var isPartial: Bool

    package init(
      method: HTTPMethod, number: Int, wasReused: Bool, wroteBytes: Bool, receivedBytes: Bool,
      isReplayable: Bool, isPartial: Bool = false
    ) {
      self.isPartial = isPartial
      self.method = method
      self.number = number
      self.wasReused = wasReused
      self.wroteBytes = wroteBytes
      self.receivedBytes = receivedBytes
      self.isReplayable = isReplayable
    }
  }

  package static func allowsRetry(after attempt: Attempt) -> Bool {
    guard attempt.number < attemptLimit, !attempt.receivedBytes, attempt.isReplayable else {
      return false
    }
    return !attempt.wroteBytes || attempt.isPartial
      || attempt.method.isIdempotent && attempt.wasReused
  }
}
