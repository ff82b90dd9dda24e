internal import AccessTokens
internal import Fleet
package import Memory

/// What ``TokenService`` has to know to share tokens with other gateways.
package struct TokenSharing: Sendable {
  /// 32 bytes.
  package var key: SecretBytes
  /// The fleet's.
  package var prefix: String

  package init(key: SecretBytes, prefix: String) {
    self.key = key
    self.prefix = prefix
  }
}

/// Tokens that other gateways may have: what is looked for, what is told, what is taken.
///
/// Confined to the service's thread. A look spares a fetch when it can, and never stands in its way: what has no answer in
/// time is fetched.
struct TokenShare {
  /// For the store's answer, nanoseconds.
  static let patience: Int64 = 150_000_000
  /// For another gateway that fetches the token.
  static let longPatience = TokenScript.claim
  /// Hundredths of a token's life in which others take it: they must not have to renew it at once.
  static let freshness: Int64 = 60
  /// Tokens with less life left are of no use to others.
  private static let leastLife: Int64 = 10_000_000_000
  /// Refused tokens that are remembered, should the store not hear of them.
  private static let mostRefused = 64

  private struct Look {
    let request: TokenFetchRequest
    let place: TokenSeal.Place
    let ticket: UInt64
    let beganAt: Int64
    var deadline: Int64
    var isAnswered = false
  }

  /// What is to be done with a look.
  enum Outcome {
    /// Another gateway has fetched it.
    case taken(TokenFetchRequest, AccessToken, requestedAt: Int64)
    /// It is to be fetched here.
    case fetch(TokenFetchRequest)
  }

  private var sharing: TokenSharing?
  private var seal: TokenSeal?
  private let schedule: RefreshSchedule
  private let ask: @Sendable (SharedTokenQuestion) -> Void
  private var looks: [Look] = []
  private var lastTicket: UInt64 = 0
  private var refused: [String] = []
  /// The store was told that this gateway fetches.
  private var claims: Set<TokenSlot> = []
  private(set) var figures: TokenShareFigures?
  /// Why an entry did not open, to be told once.
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

  /// Shares by other settings from now on; nil shares nothing. Looks that are open are decided by the former ones.
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

  /// The same with another key.
  mutating func use(key: SecretBytes) {
    guard let sharing else { return }
    use(TokenSharing(key: key, prefix: sharing.prefix))
  }

  /// When ``takeLate(at:)`` wants to be called.
  var nextDeadline: Int64? { looks.map(\.deadline).min() }

  // MARK: Looking

  /// Asks the fleet for the token of `request`. False when nothing is shared: it is to be fetched at once.
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

  /// The fleet has answered.
  ///
  /// - Parameter mayTake: whether a token of another gateway is still wanted.
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

  /// Looks that have waited long enough.
  mutating func takeLate(at now: Int64) -> [TokenFetchRequest] {
    guard looks.contains(where: { $0.deadline <= now }) else { return [] }
    let late = looks.filter { $0.deadline <= now }
    looks.removeAll { $0.deadline <= now }
    figures?.late += UInt64(late.count)
    return late.map(\.request)
  }

  /// These slots stand for something else. Returns those that were looked for.
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
      // As if it had been asked for here: its end is the one that the store knows, and no later than its lifetime allows.
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

  /// Why a token of the fleet did not open, for the operator; told once.
  mutating func takeUntold() -> String? {
    defer { untold = nil }
    return untold?.rawValue
  }

  // MARK: Telling

  /// A fetch has brought a token.
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

  /// A fetch has failed: others need not wait for it.
  mutating func failed(_ request: TokenFetchRequest, _ place: TokenSeal.Place) {
    guard claims.remove(request.slot) != nil, let name = seal?.name(of: place) else { return }
    ask(SharedTokenQuestion(.release, name: name))
  }

  /// The upstream has refused a token: nobody takes it any more.
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
