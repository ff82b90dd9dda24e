internal import CLinux
internal import Glibc

/// One limit of the memory that this process may have, and how much of it is used.
package struct MemoryBound: Sendable {
  /// The limit in bytes.
  package let limit: Int
  /// What sets the limit, for the operator: `ulimit -d`.
  package let name: String
  /// The bytes in use, as the limit counts them; nil when the system does not report them.
  package let used: @Sendable () -> Int?

  package init(limit: Int, name: String, used: @escaping @Sendable () -> Int?) {
    self.limit = limit
    self.name = name
    self.used = used
  }
}

/// The memory of this process, as the system sees it.
package enum ProcessMemory {
  /// The stack size of a thread. The deepest calls of this project and of the C libraries take a tenth of it. The usual
  /// 8 MiB count as memory in use where private memory is limited, even if they were never touched.
  static let stackBytes = 1 << 20
  /// Up to this limit, saving memory matters more than saving a system call per buffer.
  static let smallLimit = 512 << 20
  /// The most bytes of a kernel file.
  private static let fileBytes = 64 * 1024

  /// What limits this process: its control groups, and its limits of private memory and of address space.
  package static func bounds() -> [MemoryBound] {
    var bounds: [MemoryBound] = []
    let data = cl_memory_limit(0)
    if data >= 0 {
      bounds.append(
        MemoryBound(
          limit: Int(data), name: "ulimit -d", used: { processBytes(field: 5, of: Int(data)) }))
    }
    let space = cl_memory_limit(1)
    if space >= 0 {
      bounds.append(
        MemoryBound(
          limit: Int(space), name: "ulimit -v", used: { processBytes(field: 0, of: Int(space)) }))
    }
    for group in ControlGroup.candidates(membership: text(of: "/proc/self/cgroup") ?? "") {
      guard let limit = text(of: group.limitFile).flatMap(ControlGroup.limit) else { continue }
      bounds.append(
        MemoryBound(limit: limit, name: group.limitFile, used: { groupBytes(group, limit) }))
    }
    return bounds
  }

  /// Saves memory where the limit is small. To be called before the first thread.
  package static func economise() {
    cl_use_small_stacks(stackBytes)
    if bounds().contains(where: { $0.limit <= smallLimit }) { cl_use_heap_sparingly() }
  }

  /// Gives free parts of the heap back to the system.
  package static func trim() { cl_trim_heap() }

  /// Bytes in use according to a field of `/proc/self/statm`, which counts pages.
  ///
  /// Free heap memory can hold only small blocks, and the system always counts it if it lies below a small block in
  /// use. So up to an eighth of `limit`, free heap memory counts as used; beyond that it does not. Otherwise the
  /// process would refuse forever.
  private static func processBytes(field: Int, of limit: Int) -> Int? {
    guard let pages = text(of: "/proc/self/statm")?.split(separator: " "), field < pages.count,
      let count = Int(pages[field])
    else { return nil }
    let reusable = max(0, Int(cl_free_heap()) - limit / 8)
    return max(0, count * sysconf(Int32(_SC_PAGESIZE)) - reusable)
  }

  private static func groupBytes(_ group: ControlGroup, _ limit: Int) -> Int? {
    guard let used = text(of: group.usageFile).flatMap(ControlGroup.number) else { return nil }
    // The statistics cost the kernel more, so they are read only when they matter.
    guard used > limit / 2, let statistics = text(of: group.statisticsFile) else { return used }
    return max(0, used - ControlGroup.fileBytes(statistics))
  }

  private static func text(of path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: path.hasPrefix("/proc/self/statm") ? 256 : fileBytes)
    // Proof: the path is a C string for the call, and at most `count` bytes are written into the buffer.
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe cl_read_small_file(path, buffer.baseAddress, buffer.count)
    }
    guard count >= 0 else { return nil }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
