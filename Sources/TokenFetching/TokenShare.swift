internal import AccessTokens
internal import Fleet
package import Memory

/// What ``TokenService`` needs to share tokens with other gateways.
package struct TokenSharing: Sendable {
  /// 32 bytes.
  package var key: SecretBytes
  /// The fleet's prefix.
  package var prefix: String

  package init(key: SecretBytes, prefix: String) {
    self.key = key
    self.prefix = prefix
  }
}

/// Shares tokens with other gateways: looks them up, takes them, and stores its own.
///
/// Confined to the service's thread. A lookup saves a fetch if it can, and never delays one for long: a token whose
/// lookup is not answered in time is fetched.
struct TokenShare {
  /// How long to wait for the store's answer, in nanoseconds.
  static let patience: Int64 = 150_000_000
  /// How long to wait for another gateway that fetches the token.
  static let longPatience = TokenScript.claim
  /// Hundredths of a token's lifetime during which others take it, so that they need not renew it immediately.
  static let freshness: Int64 = 60
  /// Tokens with less lifetime left are of no use to others.
  private static let leastLife: Int64 = 10_000_000_000
  /// The most refused tokens that are remembered, in case the store was not informed of them.
  private static let mostRefused = 64

  private struct Look {
    let request: TokenFetchRequest
    let place: TokenSeal.Place
    let ticket: UInt64
    let beganAt: Int64
    var deadline: Int64
    var isAnswered = false
  }

  /// What to do after a lookup.
  enum Outcome {
    /// Another gateway fetched the token.
    case taken(TokenFetchRequest, AccessToken, requestedAt: Int64)
    /// This gateway must fetch the token itself.
    case fetch(TokenFetchRequest)
  }

  private var sharing: TokenSharing?
  private var seal: TokenSeal?
  private let schedule: RefreshSchedule
  private let ask: @Sendable (SharedTokenQuestion) -> Void
  private var looks: [Look] = []
  private var lastTicket: UInt64 = 0
  private var refused: [String] = []
  /// Slots for which the store was informed that this gateway fetches.
  private var claims: Set<TokenSlot> = []
  private(set) var figures: TokenShareFigures?
  /// Why an entry could not be opened, until it is reported once.
  private var untold: TokenSeal.Defect?
  private var hasTold = false

  init(
    _ sharing: TokenSharing?, schedule: RefreshSchedule,
    ask: @escaping @Sendable (SharedTokenQuestion) -> Void
  ) {
    self.schedule = schedule
    self.ask = ask
    use(sharing)
  }

  /// Uses other settings from now on; nil shares nothing. Lookups in progress are decided by the former ones.
  mutating func use(_ next: TokenSharing?) {
    defer { sharing = next }
    guard let next else {
      seal = nil
      figures = nil
      return
    }
    if let sharing, sharing.prefix == next.prefix, sharing.key.hasSameBytes(as: next.key) { return }
    seal = TokenSeal(key: next.key, prefix: next.prefix)
    hasTold = false
    var figures = figures ?? TokenShareFigures(keyMark: "")
    figures.keyMark = seal?.mark ?? ""
    self.figures = figures
  }

  /// Uses another key from now on.
  mutating func use(key: SecretBytes) {
    guard let sharing else { return }
    use(TokenSharing(key: key, prefix: sharing.prefix))
  }

  /// When ``takeLate(at:)`` must be called next; nil if no lookup is in progress.
  var nextDeadline: Int64? { looks.map(\.deadline).min() }

  // MARK: Looking

  /// Asks the fleet for the token of `request`. Returns false if nothing is shared and the token must be fetched
  /// immediately.
  mutating func look(
    for request: TokenFetchRequest, _ place: TokenSeal.Place, at now: Int64
  ) -> Bool {
    guard request.mayShare, let seal, let name = seal.name(of: place) else { return false }
    lastTicket += 1
    looks.append(
      Look(
        request: request, place: place, ticket: lastTicket, beganAt: now,
        deadline: now + TokenShare.patience))
    ask(SharedTokenQuestion(.look(ticket: lastTicket), name: name))
    return true
  }

  /// Handles the fleet's answer.
  ///
  /// - Parameter mayTake: Returns whether a token of another gateway is still acceptable.
  mutating func answered(
    _ ticket: UInt64, _ answer: SharedTokenAnswer, mayTake: (TokenFetchRequest) -> Bool
  ) -> Outcome? {
    guard let index = looks.firstIndex(where: { $0.ticket == ticket }) else { return nil }
    let look = looks[index]
    switch answer {
    case .another:
      looks[index].deadline = look.beganAt + TokenShare.longPatience
      return nil
    case .away: figures?.away += 1
    case .yours: claims.insert(look.request.slot)
    case .found(let sealed, let remaining, let askedAt):
      looks.remove(at: index)
      guard mayTake(look.request),
        let token = open(sealed, look, remaining: remaining, askedAt: askedAt)
      else { return .fetch(look.request) }
      return .taken(look.request, token.token, requestedAt: token.requestedAt)
    }
    looks.remove(at: index)
    return .fetch(look.request)
  }

  /// Takes the requests whose lookups have waited long enough.
  mutating func takeLate(at now: Int64) -> [TokenFetchRequest] {
    guard looks.contains(where: { $0.deadline <= now }) else { return [] }
    let late = looks.filter { $0.deadline <= now }
    looks.removeAll { $0.deadline <= now }
    figures?.late += UInt64(late.count)
    return late.map(\.request)
  }

  /// Forgets these slots, whose meaning has changed. Returns those with a lookup in progress.
  mutating func forget(_ slots: [TokenSlot]) -> [TokenSlot] {
    claims.subtract(slots)
    let forgotten = looks.map(\.request.slot).filter { slots.contains($0) }
    looks.removeAll { slots.contains($0.request.slot) }
    return forgotten
  }

  private mutating func open(
    _ sealed: String, _ look: Look, remaining: Int64, askedAt: Int64
  ) -> (token: AccessToken, requestedAt: Int64)? {
    guard let seal else { return nil }
    do throws(TokenSeal.Defect) {
      let (secret, lifetime) = try seal.open(sealed, for: look.place)
      if let mark = seal.mark(of: secret), refused.contains(mark) {
        drop(mark, look.place)
        return nil
      }
      // As if it had been requested here: it expires when the store says, and no later than its lifetime allows.
      let usable = schedule.usableUntil(requestedAt: 0, lifetime: lifetime)
      let requestedAt = askedAt + min(remaining, usable) - usable
      figures?.taken += 1
      return (
        AccessToken(
          secret: secret, fingerprint: TokenOutcome.fingerprint(of: secret), lifetime: lifetime),
        requestedAt
      )
    } catch {
      figures?.unopened += 1
      if !hasTold { untold = error }
      hasTold = true
      return nil
    }
  }

  /// Why a token of the fleet could not be opened, for the operator. Reported once.
  mutating func takeUntold() -> String? {
    defer { untold = nil }
    return untold?.rawValue
  }

  // MARK: Telling

  /// Stores a token that a fetch has brought.
  mutating func put(
    _ token: AccessToken, _ request: TokenFetchRequest, _ place: TokenSeal.Place,
    requestedAt: Int64, at now: Int64
  ) {
    claims.remove(request.slot)
    guard let seal, let name = seal.name(of: place) else { return }
    let life =
      schedule.usableUntil(requestedAt: requestedAt, lifetime: token.lifetime) - now
    let fresh = requestedAt + token.lifetime / 100 * TokenShare.freshness - now
    guard life >= TokenShare.leastLife, fresh > 0, let mark = seal.mark(of: token.secret),
      let sealed = seal.seal(token.secret, lifetime: token.lifetime, for: place)
    else { return ask(SharedTokenQuestion(.release, name: name)) }
    figures?.put += 1
    ask(
      SharedTokenQuestion(
        .put(sealed: sealed, mark: mark, life: life, fresh: min(life, fresh)), name: name))
  }

  /// Reports that a fetch has failed, so that other gateways need not wait for it.
  mutating func failed(_ request: TokenFetchRequest, _ place: TokenSeal.Place) {
    guard claims.remove(request.slot) != nil, let name = seal?.name(of: place) else { return }
    ask(SharedTokenQuestion(.release, name: name))
  }

  /// Withdraws a token that the upstream has refused: no gateway takes it any more.
  mutating func withdraw(_ token: SecretBytes, _ place: TokenSeal.Place) {
    guard let mark = seal?.mark(of: token), !refused.contains(mark) else { return }
    refused.append(mark)
    if refused.count > TokenShare.mostRefused { refused.removeFirst() }
    figures?.withdrawn += 1
    drop(mark, place)
  }

  private func drop(_ mark: String, _ place: TokenSeal.Place) {
    guard let name = seal?.name(of: place) else { return }
    ask(SharedTokenQuestion(.drop(mark: mark), name: name))
  }
}
