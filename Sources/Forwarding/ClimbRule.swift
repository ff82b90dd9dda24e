/// Decides whether a call that the upstream refused is repeated with a credential that allows more.
///
/// It is repeated only if the catalogue is not sure of the scope and the request can be sent again. A 403 says that a
/// scope is missing. A 401 says so only if the token was just renewed because of another 401: then expiry cannot be the
/// reason.
package enum ClimbRule {
  /// What is known when the refusal arrives.
  package struct Refusal: Sendable {
    /// 401 or 403.
    package var status: Int
    /// The rung that was refused, from 0.
    package var rung: Int
    /// Number of rungs on the operation's ladder; 0 if it has none.
    package var rungCount: Int
    /// The rung that worked for an earlier call.
    package var remembered: Int
    /// The whole request is still at hand.
    package var isReplayable: Bool
    /// The token was fetched after this exchange had received a 401 with the previous one, or the credential cannot be
    /// renewed.
    package var hasRenewedToken: Bool
    /// Every rung was refused recently, and this exchange has not started to climb.
    package var isResting: Bool

    package init(
      status: Int, rung: Int, rungCount: Int, remembered: Int, isReplayable: Bool,
      hasRenewedToken: Bool, isResting: Bool
    ) {
      self.status = status
      self.rung = rung
      self.rungCount = rungCount
      self.remembered = remembered
      self.isReplayable = isReplayable
      self.hasRenewedToken = hasRenewedToken
      self.isResting = isResting
    }
  }

  package enum Verdict: Equatable, Sendable {
    /// Handle the refusal as if there were no ladder.
    case stay
    /// Repeat with the credential at this rung.
    case climb(to: Int)
    /// That was the last rung: the scope is not the only thing missing.
    case exhausted
  }

  package static func verdict(on refusal: Refusal) -> Verdict {
    guard refusal.rungCount > 1, refusal.isReplayable, !refusal.isResting,
      refusal.status == 403 || refusal.status == 401 && refusal.hasRenewedToken
    else { return .stay }
    let next = max(refusal.rung + 1, refusal.remembered)
    return next < refusal.rungCount ? .climb(to: next) : .exhausted
  }

  /// Whether an answer with this status shows that the credential was sufficient: the upstream judged the request
  /// itself instead of turning it away beforehand.
  package static func proves(status: Int) -> Bool {
    switch status {
    case 401, 403, 407, 408, 421, 425, 429: false
    case 200..<500: true
    default: false
    }
  }
}
