/// A control group that limits the memory of this process: a container's, or a systemd unit's.
///
/// This type interprets the texts of the kernel's files; ``ProcessMemory`` reads them.
struct ControlGroup: Sendable, Equatable {
  /// The group's folder.
  let folder: String
  /// Whether this is version 2 of control groups. In version 1, files have other names.
  let isVersion2: Bool

  var limitFile: String { folder + (isVersion2 ? "/memory.max" : "/memory.limit_in_bytes") }
  var usageFile: String { folder + (isVersion2 ? "/memory.current" : "/memory.usage_in_bytes") }
  var statisticsFile: String { folder + "/memory.stat" }

  /// The groups whose limits may apply, innermost first: that of the process and all above it.
  ///
  /// - Parameter membership: the text of `/proc/self/cgroup`, with lines like `0::/path` (version 2) and
  ///   `4:memory:/path` (version 1). In a container the path may be one of the host that does not exist inside. Then
  ///   the root is the container's own group.
  static func candidates(membership: String, root: String = "/sys/fs/cgroup") -> [ControlGroup] {
    var groups: [ControlGroup] = []
    for line in membership.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isVersion2 = parts[0] == "0" && parts[1].isEmpty
      guard isVersion2 || parts[1].split(separator: ",").contains("memory") else { continue }
      let top = isVersion2 ? root : root + "/memory"
      var path = parts[2]
      while true {
        while path.last == "/" { path.removeLast() }
        groups.append(ControlGroup(folder: top + path, isVersion2: isVersion2))
        guard let slash = path.lastIndex(of: "/") else { break }
        path = path[..<slash]
      }
    }
    return groups
  }

  /// The limit in bytes that the text of a limit file gives; nil for no limit.
  static func limit(_ text: String) -> Int? {
    // Version 1 expresses "no limit" by a number near the largest.
    guard let bytes = number(text), bytes < 1 << 60 else { return nil }
    return bytes
  }

  static func number(_ text: String) -> Int? {
    Int(text.prefix { $0 != "\n" })
  }

  /// Bytes of cached files according to the text of `memory.stat`. The kernel reclaims them before it kills a process.
  static func fileBytes(_ statistics: String) -> Int {
    var bytes = 0
    for line in statistics.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 2 else { continue }
      switch parts[0] {
      // In version 1, only the totals count. They include the groups below, as the usage does.
      case "inactive_file", "active_file":
        bytes += statistics.contains("total_") ? 0 : Int(parts[1]) ?? 0
      case "total_inactive_file", "total_active_file": bytes += Int(parts[1]) ?? 0
      default: break
      }
    }
    return bytes
  }
}
