import Gateway
import Testing

private let digits = "0123456789abcdef0123456789abcdef01234567"

@Suite struct VersionTests {
  @Test("A commit is told by its first seven digits and its date")
  func commit() throws {
    let revision = try #require(
      GatewayVersion.Revision(noted: "\(digits) 2026-11-29"))
    #expect(revision.short == "0123456" && revision.date == "2026-11-29")
    #expect(revision.commit == digits)
  }

  @Test("Files that differ from their commit are never told as that commit")
  func dirty() throws {
    let revision = try #require(
      GatewayVersion.Revision(noted: "\(digits)-dirty 2026-11-29"))
    #expect(revision.short == "0123456-dirty" && revision.commit.hasSuffix("-dirty"))
  }

  @Test(
    "What is not a commit with its date is not told as one",
    arguments: [
      "", " ", "0123456 2026-11-29", digits, "\(digits) today", "\(digits)-drity 2026-11-29",
      "\(digits)  2026-11-29", "g\(digits.dropFirst()) 2026-11-29",
    ])
  func nothing(noted: String) {
    #expect(GatewayVersion.Revision(noted: noted) == nil)
  }

  @Test("A build by swift build alone says that its commit is unknown")
  func unknown() throws {
    let (code, output, _) = try Command.run(["--version"])
    #expect(code == 0 && output == "scorm-gateway \(GatewayVersion.text) (commit unknown)\n")
  }
}
