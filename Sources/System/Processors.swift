internal import CLinux

/// The machine's processors.
package enum Processors {
  /// How many this process may use, at least 1: those it may run on, and no more than its control group's quota
  /// of processor time comes to. Threads beyond it would use the quota up early in each period, and all wait then.
  package static var count: Int {
    let allowed = Int(cl_processor_count())
    guard let quota = ProcessorQuota.processors(SmallFile.text) else { return allowed }
    return max(1, min(allowed, quota))
  }
}
