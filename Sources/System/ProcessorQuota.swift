/// How many processors a control group lets a process use: a container's limit, or a systemd unit's `CPUQuota`.
///
/// This type interprets the texts of the kernel's files; the caller reads them.
enum ProcessorQuota {
  private static let root = "/sys/fs/cgroup"

  /// The smallest quota among this process's groups, in whole processors, rounded up; nil without a quota.
  ///
  /// The groups above count too. In a container the path may be one of the host that does not exist inside. Then the
  /// root is the container's own group.
  ///
  /// - Parameter read: returns the text of a file; nil when it does not exist.
  static func processors(_ read: (String) -> String?) -> Int? {
    guard let membership = read("/proc/self/cgroup") else { return nil }
    var least: Int?
    for line in membership.split(separator: "\n") {
      // `0::/path` in version 2, `4:cpu,cpuacct:/path` in version 1.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isVersion2 = parts[0] == "0" && parts[1].isEmpty
      guard isVersion2 || parts[1].split(separator: ",").contains("cpu") else { continue }
      for folder in folders(parts[2]) {
        guard
          let count = isVersion2
            ? version2(read(root + folder + "/cpu.max")) : version1(folder, parts[1], read)
        else { continue }
        least = min(least ?? count, count)
      }
    }
    return least
  }

  /// `path` and all folders above it, the root as an empty text.
  private static func folders(_ path: Substring) -> [Substring] {
    var folders: [Substring] = []
    var path = path
    while true {
      while path.last == "/" { path.removeLast() }
      folders.append(path)
      guard let slash = path.lastIndex(of: "/") else { return folders }
      path = path[..<slash]
    }
  }

  /// Reads `max 100000`, or microseconds in each period: `150000 100000`.
  private static func version2(_ text: String?) -> Int? {
    let words = text?.split { $0 == " " || $0 == "\n" } ?? []
    return words.count == 2 ? count(words[0], in: words[1]) : nil
  }

  /// Reads the same from two files; a negative quota means none. The folder is named after the controllers that are
  /// mounted together, or after this controller alone.
  private static func version1(
    _ folder: Substring, _ controllers: Substring, _ read: (String) -> String?
  ) -> Int? {
    for mount in ["cpu", controllers] {
      let files = root + "/" + mount + folder + "/cpu.cfs_"
      guard let quota = read(files + "quota_us"), let period = read(files + "period_us") else {
        continue
      }
      return count(quota.prefix { $0 != "\n" }, in: period.prefix { $0 != "\n" })
    }
    return nil
  }

  private static func count(_ quota: Substring, in period: Substring) -> Int? {
    guard let quota = Int(quota), let period = Int(period), quota > 0, period > 0 else {
      return nil
    }
    return quota / period + (quota % period == 0 ? 0 : 1)
  }
}
