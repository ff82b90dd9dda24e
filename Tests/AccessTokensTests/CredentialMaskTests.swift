import AccessTokens
import Memory
import Testing

/// The reference result of a mask, byte by byte over a whole text.
private func naive(_ text: [UInt8], _ secrets: [[UInt8]]) -> [UInt8] {
  var masked = text
  for secret in secrets where secret.count >= CredentialSearch.leastLength {
    for start in 0..<max(0, text.count - secret.count + 1)
    where text[start..<start + secret.count].elementsEqual(secret) {
      for i in start..<start + secret.count { masked[i] = UInt8(ascii: "*") }
    }
  }
  return masked
}

private func search(_ secrets: [[UInt8]]) -> CredentialSearch {
  CredentialSearch(secrets.map { SecretBytes(copying: $0.span.bytesOfElements) })
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func occurs(_ search: CredentialSearch, _ text: [UInt8]) -> Bool {
  search.occurs(in: text.span.bytesOfElements)
}

private func beginning(_ search: CredentialSearch, _ text: String) -> Int {
  search.beginning(atEndOf: Array(text.utf8).span.bytesOfElements)
}

/// A generator whose sequence is determined by its seed.
private struct Random: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 31
  }
}

@Suite("A credential in an answer")
struct CredentialMaskTests {
  /// Masks `text`, cut into pieces of the sizes that `size` returns.
  private func masked(
    _ text: [UInt8], _ search: CredentialSearch, size: () -> Int
  ) -> (text: [UInt8], mostHeld: Int) {
    let mask = CredentialMask(search)
    var out = ByteBuffer()
    var at = 0
    var mostHeld = 0
    while at < text.count {
      let end = min(text.count, at + size())
      let piece = Array(text[at..<end])
      mask.take(piece.span.bytesOfElements, into: &out)
      at = end
      mostHeld = max(mostHeld, at - out.count)
    }
    mask.finish(into: &out)
    return (out.bytes.copied(), mostHeld)
  }

  @Test(
    "reads as if it was looked for at each byte, however often it stands there and however it is cut"
  )
  func property() {
    var random = Random(state: 7)
    var hits = 0
    for round in 0..<4_000 {
      // Few letters cause overlaps, and partial matches that fail.
      let letters = Int.random(in: 1...4, using: &random)
      func word(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in
          UInt8(ascii: "a") + UInt8.random(in: 0..<UInt8(letters), using: &random)
        }
      }
      let secrets = (0..<Int.random(in: 1...3, using: &random)).map { _ in
        word(Int.random(in: 6...(round % 10 == 0 ? 700 : 24), using: &random))
      }
      var text: [UInt8] = []
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let secret = secrets[Int.random(in: 0..<secrets.count, using: &random)]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: text += word(Int.random(in: 0...60, using: &random))
        case 1: text += secret
        case 2: text += secret.prefix(Int.random(in: 0...secret.count, using: &random))
        case 3: text += secret.suffix(Int.random(in: 0...secret.count, using: &random))
        default:
          text += [UInt8](
            repeating: UInt8(ascii: "z"), count: Int.random(in: 0...3, using: &random))
        }
      }
      let search = search(secrets)
      let expected = naive(text, secrets)
      if expected != text { hits += 1 }
      #expect(occurs(search, text) == (expected != text))
      let most = Int.random(in: 1...40, using: &random)
      let (found, mostHeld) = masked(text, search) { Int.random(in: 1...most, using: &random) }
      #expect(found == expected, "round \(round)")
      let longest = secrets.map(\.count).max() ?? 0
      #expect(mostHeld < longest, "less than a credential is held back")
    }
    #expect(hits > 1_000)
  }

  @Test("is masked over every cut in two and in three")
  func cuts() {
    let secret = bytes("eyJhbGciOiJIUzI1NiJ9.c2NvcmU.7vFz")
    let text = bytes("{\"a\":\"") + secret + bytes("\",\"b\":\"eyJhbGci\"}")
    let expected = naive(text, [secret])
    let search = search([secret])
    for first in 0...text.count {
      for second in stride(from: first, through: text.count, by: 5) {
        let mask = CredentialMask(search)
        var out = ByteBuffer()
        for piece in [text[..<first], text[first..<second], text[second...]] {
          mask.take(Array(piece).span.bytesOfElements, into: &out)
        }
        mask.finish(into: &out)
        #expect(out.bytes.copied() == expected)
      }
    }
  }

  @Test("is waited for only while something is held back")
  func rest() {
    let mask = CredentialMask(search([bytes("secret-number"), bytes("abcdefgh-abc")]))
    for (piece, shown, isAtRest) in [
      ("abc sec", "abc ", false), ("ret", "", false), ("x", "secretx", true),
      ("secret-number", "*************", true), ("secret-numbersec", "*************", false),
      ("ret-number", "*************", true),
      // A text whose end is also its beginning.
      ("abcdefgh-abc", "*********", false), ("x", "***x", true),
      ("abcdefgh-abc", "*********", false), ("defgh-abc", "*********", false),
      ("", "", false), ("y", "***y", true),
    ] {
      var out = ByteBuffer()
      mask.take(bytes(piece).span.bytesOfElements, into: &out)
      #expect(out.bytes.text == shown && mask.isAtRest == isAtRest, "\(piece)")
    }
  }

  @Test("is found wherever it stands in a long text, at its ends too")
  func places() {
    let secret = (0..<300).map { (i: Int) -> UInt8 in
      let letter = (i * 7 + i / 13) % 90
      return UInt8(33 + letter)
    }
    let search = search([secret])
    for start in stride(from: 0, through: 1_700, by: 1) {
      var text = [UInt8](repeating: UInt8(ascii: "t"), count: 2_000)
      text.replaceSubrange(start..<start + 300, with: secret)
      #expect(occurs(search, text))
      text[start + Int(start % 300)] ^= 1
      #expect(!occurs(search, text))
    }
  }

  @Test("holds nothing back of a text that ends as no credential begins")
  func nothingHeld() {
    let search = search([bytes("secret-secret")])
    for text in ["{}", "secret", "xsecret-", "ret-secret-secret", "", "secret-secret"] {
      let expected = text.hasSuffix("secret-") ? 7 : text.hasSuffix("secret") ? 6 : 0
      #expect(beginning(search, text) == expected, "\(text)")
    }
  }

  @Test("that is too short to tell from chance is left alone")
  func short() {
    let search = search([bytes("1234567")])
    #expect(!occurs(search, bytes("1234567 1234567")))
    #expect(beginning(search, "123456") == 0)
  }

  @Test(
    "of an app is found in both forms: as Basic, and the secret by itself; the one before it too")
  func basic() {
    func line(_ secret: String) -> SecretBytes {
      BasicCredential.line(
        id: "APP", secret: SecretBytes(copying: bytes(secret).span.bytesOfElements))
    }
    let store = TokenStore(slotCount: 1, basicLines: [line("first-secret-key")])
    var view = TokenView(of: store)
    func finds(_ text: String) -> Bool {
      view.search(ofBasic: 0).occurs(in: bytes(text).span.bytesOfElements)
    }
    #expect(finds("x first-secret-key x") && finds("QVBQOmZpcnN0LXNlY3JldC1rZXk="))
    #expect(!finds("second-secret-key"))
    store.publishBasic(app: 0, line: line("second-secret-key"), generation: 2)
    view.refreshIfChanged(from: store)
    #expect(finds("second-secret-key") && finds("first-secret-key"))
  }

  @Test("is the token that was sent, also when another has taken its place since")
  func tokens() {
    let store = TokenStore(slotCount: 1, basicLines: [])
    let slot = TokenSlot(index: 0)
    var view = TokenView(of: store)
    func publish(_ generation: UInt32) {
      store.publish(
        slot,
        TokenEntry(
          token: PublishedToken(
            secret: SecretBytes(copying: bytes("token-number-\(generation)").span.bytesOfElements),
            fingerprint: 1, generation: generation, requestedAt: 0, usableUntil: .max)))
      view.refreshIfChanged(from: store)
    }
    for generation in 1...100 as ClosedRange<UInt32> { publish(generation) }
    func finds(_ generation: UInt32, _ text: String) -> Bool {
      view.isToken(slot, generation, in: bytes(text).span.bytesOfElements)
    }
    for generation in [100, 99, 40] as [UInt32] {
      #expect(finds(generation, "a token-number-\(generation) b"))
    }
    #expect(!finds(100, "token-number-99 "))
    #expect(!finds(3, "token-number-3 "), "the number of those that are kept is bounded")
    view.wipe()
    #expect(!finds(99, "token-number-99 "))
  }
}
