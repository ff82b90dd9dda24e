internal import CLinux

/// What the system counts for this process, at one moment.
package struct ProcessFigures: Sendable {
  /// CPU seconds, user and system together.
  package let cpu: Double
  /// The start time, in seconds since 1970.
  package let start: Double
  package let residentBytes: Int
  package let virtualBytes: Int
  /// Open descriptors; negative when the system does not report them.
  package let descriptors: Int
  package let maximumDescriptors: Int
  package let threads: Int

  /// The most threads that are reported. There are as many as loops and a handful more.
  private static let threadLimit = 512

  /// Reads the figures; nil without `/proc`.
  package static func read() -> ProcessFigures? {
    var raw = cl_process()
    // Proof: one record, whose storage outlives the call.
    guard unsafe cl_read_process(&raw) == 0 else { return nil }
    return ProcessFigures(
      cpu: raw.cpu_seconds, start: raw.start_seconds, residentBytes: Int(raw.resident_bytes),
      virtualBytes: Int(raw.virtual_bytes), descriptors: Int(raw.descriptors),
      maximumDescriptors: Int(raw.max_descriptors), threads: Int(raw.threads))
  }

  /// Each thread's name and CPU seconds.
  package static func readThreads() -> [(name: String, cpu: Double)] {
    var raw = [cl_thread](repeating: cl_thread(), count: threadLimit)
    // Proof: the array holds `threadLimit` entries, and the call fills at most as many.
    let count = unsafe raw.withUnsafeMutableBufferPointer { buffer in
      buffer.isEmpty ? 0 : unsafe cl_read_threads(buffer.baseAddress, Int32(buffer.count))
    }
    return raw.prefix(Int(count)).map { entry in
      var entry = entry
      // Proof: cl_read_threads ends every name with a zero within its 16 bytes.
      let name = unsafe withUnsafeBytes(of: &entry.name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      return (name, entry.cpu_seconds)
    }
  }
}
