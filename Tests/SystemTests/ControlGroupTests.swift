import Testing

@testable import System

@Suite("The memory that a control group allows")
struct ControlGroupTests {
  static let memberships: [(String, [String])] = [
    ("0::/\n", ["/r/memory.max"]),
    ("0::/a/b.service\n", ["/r/a/b.service/memory.max", "/r/a/memory.max", "/r/memory.max"]),
    (
      "5:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n",
      [
        "/r/memory/docker/1/memory.limit_in_bytes", "/r/memory/docker/memory.limit_in_bytes",
        "/r/memory/memory.limit_in_bytes", "/r/memory.max",
      ]
    ),
    ("3:cpu:/\n", []), ("nonsense\n:::\n", []), ("", []),
  ]

  @Test("Every group above the process may limit it, the innermost first", arguments: memberships)
  func candidates(_ membership: String, _ files: [String]) {
    let groups = ControlGroup.candidates(membership: membership, root: "/r")
    #expect(groups.map(\.limitFile) == files)
  }

  static let limits: [(String, Int?)] = [
    ("67108864\n", 67_108_864), ("max\n", nil), ("9223372036854771712\n", nil), ("", nil),
    ("64M\n", nil),
  ]

  @Test("A group without a limit has none", arguments: limits)
  func limit(_ text: String, _ bytes: Int?) { #expect(ControlGroup.limit(text) == bytes) }

  @Test("Files in memory are not memory in use, in either version's words")
  func files() {
    #expect(ControlGroup.fileBytes("anon 5\nactive_file 10\ninactive_file 20\n") == 30)
    let version1 = "inactive_file 1\nactive_file 2\ntotal_inactive_file 30\ntotal_active_file 40\n"
    #expect(ControlGroup.fileBytes(version1) == 70)
    #expect(ControlGroup.fileBytes("") == 0)
  }
}
