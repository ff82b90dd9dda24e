import Gateway
import Testing

@Suite struct VersionTests {
  private static let commit = "0123456789abcdef0123456789abcdef01234567"

  @Test("A commit is told by its first seven digits and its date")
  func commit() throws {
    let revision = try #require(
      GatewayVersion.Revision(noted: "\(VersionTests.commit) 2026-11-29"))
    #expect(revision.short == "0123456" && revision.date == "2026-11-29")
    #expect(revision.commit == VersionTests.commit)
  }

  @Test("Files that differ from their commit are never told as that commit")
  func dirty() throws {
    let revision = try #require(
      GatewayVersion.Revision(noted: "\(VersionTests.commit)-dirty 2026-11-29"))
    #expect(revision.short == "0123456-dirty" && revision.commit.hasSuffix("-dirty"))
  }

  @Test(
    "What is not a commit with its date is not told as one",
    arguments: [
      "", " ", "0123456 2026-11-29", commit, "\(commit) today", "\(commit)-drity 2026-11-29",
      "\(commit)  2026-11-29", "g\(commit.dropFirst()) 2026-11-29",
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
