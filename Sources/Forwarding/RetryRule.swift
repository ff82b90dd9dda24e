package import HTTPMessages

/// Decides whether a request whose upstream connection failed may be sent again (RFC 9110 section 9.2.2, RFC 9112
/// section 9.3.1).
///
/// Only what is provably safe is repeated. Any request, also a POST, is repeated if none of its bytes was written. An
/// idempotent request is also repeated if its connection had been kept alive and ended before the first byte of an
/// answer: most likely the upstream closed it before it saw the request. A request that was not sent completely cannot
/// have been acted on (RFC 9112 section 8).
package struct RetryRule: Sendable {
  /// The most upstream requests made for one exchange with one credential.
  package static let attemptLimit = 2

  /// What is known about the failed attempt.
  package struct Attempt: Sendable {
    package var method: HTTPMethod
    /// Attempts made, including the failed one, but not those that were answered and led to another credential.
    package var number: Int
    /// The connection had carried a request before.
    package var wasReused: Bool
    /// Some byte of the request may have left.
    package var wroteBytes: Bool
    /// Some byte of an answer arrived.
    package var receivedBytes: Bool
    /// Everything sent so far is still at hand.
    package var isReplayable: Bool
    /// Some of the request was not sent yet.
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
