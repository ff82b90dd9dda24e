import Testing

@testable import System

@Suite("The quota of processor time")
struct ProcessorQuotaTests {
  private static let root = "/sys/fs/cgroup"

  @Test(
    "The least quota of a group and those above it counts, rounded up to whole processors",
    arguments: [
      ("0::/\n", ["/cpu.max": "150000 100000\n"], 2), ("0::/\n", ["/cpu.max": "max 100000\n"], nil),
      ("0::/\n", ["/cpu.max": "10000 100000\n"], 1), ("0::/\n", [:], nil),
      ("0::/a/b\n", ["/a/b/cpu.max": "max 100000\n", "/a/cpu.max": "300000 100000\n"], 3),
      ("0::/a/b\n", ["/a/b/cpu.max": "400000 100000\n", "/a/cpu.max": "200000 100000\n"], 2),
      ("0::/host/path\n", ["/cpu.max": "200000 100000\n"], 2),
      (
        "4:cpu,cpuacct:/docker/x\n0::/\n",
        ["/cpu/cpu.cfs_quota_us": "250000\n", "/cpu/cpu.cfs_period_us": "100000\n"], 3
      ),
      (
        "4:cpu,cpuacct:/a\n",
        [
          "/cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n",
          "/cpu,cpuacct/a/cpu.cfs_period_us": "50000\n",
        ], 1
      ),
      (
        "4:cpu:/\n", ["/cpu/cpu.cfs_quota_us": "-1\n", "/cpu/cpu.cfs_period_us": "100000\n"], nil
      ),
      ("4:cpuset:/\n", ["/cpu/cpu.cfs_quota_us": "1\n", "/cpu/cpu.cfs_period_us": "1\n"], nil),
      ("nonsense\n0::\n", ["/cpu.max": "100000 0\n"], nil), ("0::/\n", ["/cpu.max": "a b\n"], nil),
      ("", ["/cpu.max": "100000 100000\n"], nil),
    ] as [(String, [String: String], Int?)])
  func table(membership: String, files: [String: String], expected: Int?) {
    var texts = ["/proc/self/cgroup": membership]
    for (name, text) in files { texts[ProcessorQuotaTests.root + name] = text }
    #expect(ProcessorQuota.processors { texts[$0] } == expected)
  }

  @Test("There is a processor, and no more than the process may run on")
  func own() {
    #expect(Processors.count >= 1)
    #expect(ProcessorQuota.processors { _ in nil } == nil)
  }
}
