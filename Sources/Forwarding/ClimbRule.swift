/// Whether a call that the upstream refused is made once more with a credential that may do more.
///
/// Only where the catalogue is not sure of the scope, and only what can be sent again. 403 says that a scope is
/// missing. 401 says that of a token that was renewed because of a 401: its end cannot be the reason then.
package enum ClimbRule {
  /// What is known when the refusal arrives.
  package struct Refusal: Sendable {
    /// 401 or 403.
    package var status: Int
    /// The rung that was refused, from 0.
    package var rung: Int
    /// Rungs of the operation's ladder; 0 without one.
    package var rungCount: Int
    /// The rung that worked for another call.
    package var remembered: Int
    /// Everything of the request is at hand.
    package var isReplayable: Bool
    /// The token was fetched after this exchange had met a 401 with the one before it, or the credential is
    /// none that could be renewed.
    package var hasRenewedToken: Bool
    /// Every rung was refused a while ago, and this exchange has not begun to climb.
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
    /// The refusal is dealt with as if there were no ladder.
    case stay
    /// Once more, with the credential at this rung.
    case climb(to: Int)
    /// That was the last rung: more than the scope is missing.
    case exhausted
  }

  package static func verdict(on refusal: Refusal) -> Verdict {
    guard refusal.rungCount > 1, refusal.isReplayable, !refusal.isResting,
      refusal.status == 403 || refusal.status == 401 && refusal.hasRenewedToken
    else { return .stay }
    let next = max(refusal.rung + 1, refusal.remembered)
    return next < refusal.rungCount ? .climb(to: next) : .exhausted
  }

  /// Whether an answer with this status shows that the credential was enough: the call was judged by what it
  /// asks for, not turned away before.
  package static func proves(status: Int) -> Bool {
    switch status {
    case 401, 403, 407, 408, 421, 425, 429: false
    case 200..<500: true
    default: false
    }
  }
}
