internal import CLinux

/// The machine's processors.
package enum Processors {
  /// How many this process may use, at least 1: those on which it may run, but no more than its control group's quota
  /// of processor time allows. More threads would use the quota up early in each period, and then all would wait.
  package static var count: Int {
    let allowed = Int(cl_processor_count())
    guard let quota = ProcessorQuota.processors(SmallFile.text) else { return allowed }
    return max(1, min(allowed, quota))
  }
}
