import AccessTokens
import Fleet
import Memory
import Synchronization
import Testing
import TextCoding

@testable import TokenFetching

private func bytes(_ text: String) -> SecretBytes {
  SecretBytes(copying: Array(text.utf8).span.bytesOfElements)
}

private func key(_ byte: UInt8) -> SecretBytes {
  let bytes = (0..<32).map { byte ^ UInt8($0) }
  return SecretBytes(copying: bytes.span.bytesOfElements)
}

private let place = TokenSeal.Place(
  appID: "app", scopes: "read:course", endpoint: .application, url: "https://cloud/token",
  secret: bytes("app-secret"))
private let minute: Int64 = 60_000_000_000

/// Why it cannot be opened; nil if it can.
private func defect(
  _ seal: TokenSeal, _ text: String, _ place: TokenSeal.Place
) -> TokenSeal.Defect? {
  do throws(TokenSeal.Defect) {
    _ = try seal.open(text, for: place)
    return nil
  } catch { return error }
}

@Suite("Tokens that are sealed for other gateways")
struct TokenSealTests {
  @Test("open for what they were sealed for, and for nothing else")
  func places() throws {
    let seal = try #require(TokenSeal(key: key(1), prefix: "fleet"))
    let token = bytes("token-of-some-length.with.parts")
    let sealed = try #require(seal.seal(token, lifetime: 15 * minute, for: place))
    let opened = try seal.open(sealed, for: place)
    #expect(opened.token.hasSameBytes(as: token) && opened.lifetime == 15 * minute)
    var others = [TokenSeal.Place](repeating: place, count: 5)
    others[0].appID = "other"
    others[1].scopes = "read:courses"
    others[2].endpoint = .appManagement
    others[3].url = "https://cloud/token2"
    others[4].secret = bytes("app-secreT")
    // Fields whose concatenation is the same are still different.
    var shifted = place
    shifted.appID = "appread"
    shifted.scopes = ":course"
    for other in others + [shifted] {
      #expect(defect(seal, sealed, other) == .damaged)
      #expect(seal.name(of: other) != seal.name(of: place))
    }
    let elsewhere = try #require(TokenSeal(key: key(1), prefix: "other"))
    #expect(defect(elsewhere, sealed, place) == .damaged)
    let locked = try #require(TokenSeal(key: key(2), prefix: "fleet"))
    #expect(defect(locked, sealed, place) == .otherKey)
    #expect(locked.name(of: place) != seal.name(of: place))
  }

  @Test(
    "do not open when a single bit of them is changed, nor cut, nor when they are something else")
  func damage() throws {
    let seal = try #require(TokenSeal(key: key(1), prefix: "fleet"))
    let sealed = try #require(seal.seal(bytes("some-token"), lifetime: minute, for: place))
    let all = try #require(Base64.standard.decode(sealed))
    for index in all.indices {
      for bit in 0..<8 {
        var changed = all
        changed[index] ^= 1 << UInt8(bit)
        #expect(defect(seal, Base64.standard.encode(changed), place) != nil)
      }
      #expect(defect(seal, Base64.standard.encode(all[..<index]), place) != nil)
    }
    for text in ["", "theirs", "AAAA", String(repeating: "A", count: 100_000)] {
      #expect(defect(seal, text, place) != nil)
    }
  }

  @Test("look different each time, and hold neither token nor secret")
  func fresh() throws {
    let seal = try #require(TokenSeal(key: key(1), prefix: "fleet"))
    let token = bytes("some-token-of-some-length")
    let texts = (0..<200).compactMap { _ in seal.seal(token, lifetime: minute, for: place) }
    let sealed = texts.compactMap { Base64.standard.decode($0) }
    // The version and the key's mark are the same, but the nonces after them differ.
    #expect(Set(sealed.map { Array($0[5..<17]) }).count == 200)
    #expect(Set(sealed.map { Array($0[17...]) }).count == 200)
    #expect(Set(sealed.map { Array($0[..<5]) }).count == 1)
    for text in sealed + [Array((seal.name(of: place) ?? "").utf8)] {
      let text = String(decoding: text, as: UTF8.self)
      #expect(!text.contains("some-token") && !text.contains("app-secret"))
    }
    #expect(seal.works && seal.mark.utf8.count == 8)
  }
}

@Suite("Looking for a token that another gateway has")
struct TokenShareTests {
  private final class Store: Sendable {
    let questions = Mutex<[SharedTokenQuestion]>([])

    func takeAll() -> [SharedTokenQuestion] {
      questions.withLock { questions in
        defer { questions = [] }
        return questions
      }
    }
  }

  private let store = Store()
  private let request = TokenFetchRequest(
    slot: TokenSlot(index: 0), app: 0, scopes: "read:course", lifetime: 900, mayShare: true)

  private func share(_ byte: UInt8 = 1) -> TokenShare {
    TokenShare(TokenSharing(key: key(byte), prefix: "fleet"), schedule: RefreshSchedule()) {
      [store] question in store.questions.withLock { $0.append(question) }
    }
  }

  private func token(_ text: String) -> AccessToken {
    AccessToken(secret: bytes(text), fingerprint: 1, lifetime: 15 * minute)
  }

  private func look(_ share: inout TokenShare, at now: Int64 = 0) {
    let isLookedFor = share.look(for: request, place, at: now)
    #expect(isLookedFor)
  }

  private func isToBeFetched(_ outcome: TokenShare.Outcome?) -> Bool {
    if case .fetch(let its)? = outcome { its == request } else { false }
  }

  private func late(_ share: inout TokenShare, at now: Int64) -> [TokenFetchRequest] {
    share.takeLate(at: now)
  }

  @Test("what one has put another takes, with the end that the store knows")
  func taken() throws {
    var (first, second) = (share(), share())
    first.put(token("the-token"), request, place, requestedAt: 0, at: minute)
    guard case .put(let sealed, _, let life, let fresh)? = store.takeAll().first?.kind else {
      Issue.record("nothing was put")
      return
    }
    // A quarter of an hour minus the margin of five seconds. Other gateways take it in the first eight minutes.
    #expect(life == 14 * minute - 5_000_000_000 && fresh == 8 * minute)
    look(&second, at: 1000 * minute)
    guard case .look(let ticket)? = store.takeAll().first?.kind else {
      Issue.record("nothing was looked for")
      return
    }
    let outcome = second.answered(
      ticket, .found(sealed: sealed, remaining: life - minute, askedAt: 1000 * minute)
    ) { _ in true }
    guard case .taken(_, let its, let requestedAt)? = outcome else {
      Issue.record("\(String(describing: outcome))")
      return
    }
    #expect(its.secret.hasSameBytes(as: bytes("the-token")) && its.lifetime == 15 * minute)
    #expect(requestedAt == 998 * minute)
    #expect(second.figures?.taken == 1 && first.figures?.put == 1)
    // A store that promises a longer life than the token was granted is not believed.
    look(&second)
    guard case .look(let other)? = store.takeAll().first?.kind,
      case .taken(_, _, let soonest)? = second.answered(
        other, .found(sealed: sealed, remaining: 1000 * minute, askedAt: minute),
        mayTake: { _ in true })
    else {
      Issue.record("nothing was taken")
      return
    }
    #expect(soonest == minute)
  }

  @Test(
    "is given up after 150 ms without an answer, and after a second when another gateway fetches")
  func patience() throws {
    var share = share()
    look(&share)
    #expect(share.nextDeadline == 150_000_000)
    #expect(late(&share, at: 149_999_999).isEmpty)
    #expect(late(&share, at: 150_000_000) == [request])
    #expect(share.figures?.late == 1)
    guard case .look(let ticket)? = store.takeAll().first?.kind else { return }
    // The answer arrives anyway.
    let tooLate = share.answered(ticket, .yours) { _ in true }
    #expect(tooLate == nil)
    look(&share)
    let another = share.answered(ticket + 1, .another) { _ in true }
    #expect(another == nil)
    #expect(late(&share, at: 999_999_999).isEmpty)
    #expect(late(&share, at: 1_000_000_000) == [request])
    #expect(share.nextDeadline == nil)
  }

  @Test("who fetches for others tells them when that fails, and nobody waits for nothing")
  func released() throws {
    var share = share()
    look(&share)
    guard case .look(let ticket)? = store.takeAll().first?.kind,
      isToBeFetched(share.answered(ticket, .yours, mayTake: { _ in true }))
    else {
      Issue.record("it is not to be fetched")
      return
    }
    share.failed(request, place)
    #expect(store.takeAll().map(\.kind) == [.release])
    // Only once, and only if other gateways were told to wait.
    share.failed(request, place)
    #expect(store.takeAll().isEmpty)
    // A token with too little life left is useless to other gateways, so they need not wait for it.
    share.put(
      AccessToken(secret: bytes("t"), fingerprint: 0, lifetime: 12_000_000_000), request, place,
      requestedAt: 0, at: 2_000_000_000)
    #expect(store.takeAll().map(\.kind) == [.release])
  }

  @Test("a token that was refused is not taken again, even if the store has not heard of it")
  func refused() throws {
    var (first, second) = (share(), share())
    first.put(token("bad-token"), request, place, requestedAt: 0, at: 0)
    guard case .put(let sealed, let mark, let life, _)? = store.takeAll().first?.kind else {
      return
    }
    second.withdraw(bytes("bad-token"), place)
    #expect(store.takeAll().map(\.kind) == [.drop(mark: mark)])
    look(&second)
    guard case .look(let ticket)? = store.takeAll().first?.kind,
      isToBeFetched(
        second.answered(
          ticket, .found(sealed: sealed, remaining: life, askedAt: 0), mayTake: { _ in true }))
    else {
      Issue.record("it was taken")
      return
    }
    #expect(store.takeAll().map(\.kind) == [.drop(mark: mark)])
    #expect(second.figures?.taken == 0 && second.figures?.withdrawn == 1)
  }

  @Test("nothing is looked for when a fresh token is asked for, or nothing is shared")
  func own() {
    var share = share()
    var own = request
    own.mayShare = false
    let isAsked = share.look(for: own, place, at: 0)
    share.use(nil)
    let isShared = share.look(for: request, place, at: 0)
    #expect(!isAsked && !isShared)
    share.put(token("a-token"), request, place, requestedAt: 0, at: 0)
    #expect(store.takeAll().isEmpty && share.figures == nil)
  }

  @Test("what does not open is fetched, counted, and told once for each key")
  func unopened() throws {
    var share = share()
    for number in 1...3 as ClosedRange<UInt64> {
      look(&share)
      let outcome = share.answered(
        number, .found(sealed: "theirs", remaining: minute, askedAt: 0)
      ) { _ in true }
      #expect(isToBeFetched(outcome))
      let untold = share.takeUntold()
      #expect((untold != nil) == (number == 1))
    }
    #expect(share.figures?.unopened == 3)
    share.use(key: key(2))
    look(&share)
    _ = share.answered(4, .found(sealed: "theirs", remaining: minute, askedAt: 0)) { _ in true }
    let untold = share.takeUntold()
    #expect(untold != nil)
  }
}
