import Memory
import Testing

@Suite("Secret bytes")
struct SecretBytesTests {
  static let text = "s3cr3t-k3y"

  private func secret(_ text: String = SecretBytesTests.text) -> SecretBytes {
    let bytes = Array(text.utf8)
    return SecretBytes(copying: bytes.span.bytesOfElements)
  }

  /// A type that holds a secret, as settings do.
  private struct Holder {
    let name = "main"
    let key: SecretBytes
  }

  @Test("no way of describing a secret, or what holds it, shows it")
  func redacted() {
    let key = secret()
    let holder = Holder(key: key)
    var dumped = ""
    dump(key, to: &dumped)
    dump(holder, to: &dumped)
    dump([key], to: &dumped)
    let texts = [
      "\(key)", String(describing: key), String(reflecting: key), "\(holder)",
      String(reflecting: holder), "\([key])", "\(["k": key])",
      "\(String(describing: Optional(key)))", dumped,
      "\(Mirror(reflecting: key).children.map { "\($0)" })",
    ]
    for text in texts { #expect(!text.contains(Self.text), "\(text)") }
    #expect("\(key)" == "<secret>")
    #expect(String(reflecting: key) == "<secret>")
    #expect(Mirror(reflecting: key).children.isEmpty)
  }

  @Test("the bytes are lent as they came in", arguments: [0, 1, 32, 4095, 4096, 4097, 20_000])
  func lent(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let key = SecretBytes(copying: bytes.span.bytesOfElements)
    #expect(key.count == count)
    #expect(key.bytes.copied() == bytes)
  }

  @Test("a secret that is taken leaves nothing where it came from")
  func taken() {
    var bytes = Array(Self.text.utf8)
    let key = SecretBytes(taking: &bytes)
    #expect(bytes.isEmpty)
    #expect(key.bytes.text == Self.text)
  }

  @Test("two secrets are the same only when every byte is")
  func comparison() {
    #expect(secret("abc").hasSameBytes(as: secret("abc")))
    #expect(secret("").hasSameBytes(as: secret("")))
    for other in ["abd", "bbc", "ab", "abcd", ""] {
      #expect(!secret("abc").hasSameBytes(as: secret(other)), "\(other)")
    }
  }
}
