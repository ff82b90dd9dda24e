/// A control group of this process that limits its memory: a container's, or a systemd unit's.
///
/// What the kernel's files say is told apart here; reading them is ``ProcessMemory``'s.
struct ControlGroup: Sendable, Equatable {
  /// Its folder.
  let folder: String
  /// Version 2 of control groups, or 1, in which files have other names.
  let isVersion2: Bool

  var limitFile: String { folder + (isVersion2 ? "/memory.max" : "/memory.limit_in_bytes") }
  var usageFile: String { folder + (isVersion2 ? "/memory.current" : "/memory.usage_in_bytes") }
  var statisticsFile: String { folder + "/memory.stat" }

  /// The groups whose limits may apply, the innermost first: that of the process and all above it.
  ///
  /// - Parameter membership: the text of `/proc/self/cgroup`, lines like `0::/path` (version 2) and
  ///   `4:memory:/path` (version 1). In a container the path may be one of the host's, which does not exist
  ///   inside; the root then is the container's own.
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

  /// The bytes that the text of a limit's file allows; nil for no limit.
  static func limit(_ text: String) -> Int? {
    // Version 1 says "no limit" with a number near the largest.
    guard let bytes = number(text), bytes < 1 << 60 else { return nil }
    return bytes
  }

  static func number(_ text: String) -> Int? {
    Int(text.prefix { $0 != "\n" })
  }

  /// Bytes of files in memory, which the kernel takes back before it ends anybody, by the text of `memory.stat`.
  static func fileBytes(_ statistics: String) -> Int {
    var bytes = 0
    for line in statistics.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 2 else { continue }
      switch parts[0] {
      // Of version 1 only those that count the groups below as well, as its usage does.
      case "inactive_file", "active_file":
        bytes += statistics.contains("total_") ? 0 : Int(parts[1]) ?? 0
      case "total_inactive_file", "total_active_file": bytes += Int(parts[1]) ?? 0
      default: break
      }
    }
    return bytes
  }
}
