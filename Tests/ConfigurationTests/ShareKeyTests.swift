import Foundation
import Memory
import Testing

@testable import Configuration

/// The key that seals shared tokens, as files contain it.
@Suite("The key of shared tokens")
struct ShareKeyTests {
  private static let bytes = (0..<32).map { UInt8(($0 * 7 + 130) & 255) }
  private static let digits = bytes.map { String(format: "%02x", $0) }.joined()

  private func read(_ bytes: [UInt8]) throws -> SecretBytes {
    let path = NSTemporaryDirectory() + "share-key-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try ShareKey.read(path)
  }

  @Test("is 32 bytes as they are, 64 hexadecimal digits, or 44 characters of base 64")
  func forms() throws {
    let key = SecretBytes(copying: ShareKeyTests.bytes.span.bytesOfElements)
    let base64 = Data(ShareKeyTests.bytes).base64EncodedString()
    #expect(try read(ShareKeyTests.bytes).hasSameBytes(as: key))
    for text in [ShareKeyTests.digits, ShareKeyTests.digits.uppercased(), base64] {
      for end in ["", "\n", "\r\n"] {
        #expect(try read(Array((text + end).utf8)).hasSameBytes(as: key), "\(text)\(end)")
      }
    }
    // A raw key may end with a byte that looks like a line end.
    var raw = ShareKeyTests.bytes
    raw[31] = 0x0A
    #expect(try read(raw).count == 32)
  }

  @Test(
    "is nothing else: the reason says what was expected and quotes nothing",
    arguments: [
      ("", "0 bytes"), ("s3cr3t", "6 bytes"), ("correct horse battery staple 123", "32 characters"),
      (String(digits.prefix(32)), "32 characters"), (String(digits.dropLast()), "63 bytes"),
      (digits + "\n\n", "66 bytes"), (digits.dropLast() + "g", "number 64"),
      (String(repeating: "!", count: 44), "44 characters"),
      (String(repeating: "0", count: 64), "one byte 32 times"),
      (digits + digits, "larger than"),
    ])
  func refused(_ text: String, _ reason: String) throws {
    do {
      _ = try read(Array(text.utf8))
      Issue.record("it was taken")
    } catch let problem as SecretFile.Unreadable {
      #expect(problem.description.contains(reason), "\(problem)")
      #expect(text.utf8.count < 4 || !problem.description.contains(text.prefix(8)))
    }
  }

  @Test("is read for tokens.share, which needs it and a store, and is told how to be made")
  func settings() throws {
    let rig = try LoadingRig()
    let file = try rig.write("key", ShareKeyTests.digits + "\n")
    try rig.write("open", ShareKeyTests.digits, mode: 0o644)
    let shared = LoadingRig.app + "shared: {url: \"redis://localhost\"}\n"
    let loaded = try rig.load(shared + "tokens: {share: true, shareKey: {file: key}}\n")
    #expect(loaded.settings.tokenShare?.key.count == 32)
    #expect(loaded.settings.tokenShare?.keyFile == file)
    #expect(loaded.warnings.isEmpty)
    #expect(try rig.load(LoadingRig.app + "tokens: {share: false}\n").settings.tokenShare == nil)
    let open = try rig.load(shared + "tokens: {share: true, shareKey: {file: open}}\n")
    #expect(open.warnings.contains { "\($0)".contains("every user of this machine") })
    for (text, message) in [
      (shared + "tokens: {share: true}\n", "openssl rand -hex 32"),
      (LoadingRig.app + "tokens: {share: true, shareKey: {file: key}}\n", "needs a store"),
      (shared + "tokens: {shareKey: {file: key}}\n", "a key is used only with share: true"),
      (shared + "tokens: {share: true, shareKey: {file: none}}\n", "not readable"),
      (shared + "tokens: {share: true, shareKey: {file: secret}}\n", "openssl rand -hex 32"),
      (shared + "tokens: {share: true, shareKey: 0123456789abcdef}\n", "must not be written"),
    ] {
      let problems = try rig.problems(text).map { "\($0) \($0.hint)" }.joined()
      #expect(problems.contains(message), "\(problems)")
      #expect(!problems.contains("0123456789abcdef") && !problems.contains(LoadingRig.canary))
    }
  }
}
