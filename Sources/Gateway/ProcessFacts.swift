internal import Configuration
internal import Memory
internal import Synchronization
internal import System
internal import Telemetry

/// The metrics of the process itself: its version, its configuration, its use of the machine.
final class ProcessFacts: Sendable {
  private struct Loaded: Sendable {
    let settings: Settings
    /// Nanoseconds since 1970.
    let at: Int64
    /// Identifies a configuration without revealing it. Computed on first use: writing the settings as text takes
    /// milliseconds, which would delay the start.
    lazy var fingerprint = ProcessFacts.fingerprint(of: settings)

    init(_ settings: Settings, at: Int64) {
      var settings = settings
      // A replaced secret must not stay in memory here. In the text all secrets look alike.
      let none = SecretBytes(copying: RawSpan())
      for i in settings.apps.indices {
        settings.apps[i].secret = none
        if settings.apps[i].nextSecret != nil { settings.apps[i].nextSecret = none }
      }
      self.settings = settings
      self.at = at
    }
  }

  private let loaded: Mutex<Loaded>

  init(_ settings: Settings, loadedAt: Int64) {
    loaded = Mutex(Loaded(settings, at: loadedAt))
  }

  /// Notes that `settings` are in force from now on.
  func note(_ settings: Settings, loadedAt: Int64) {
    loaded.withLock { $0 = Loaded(settings, at: loadedAt) }
  }

  /// FNV-1a over the settings as text, where each secret is written as `<secret>`.
  private static func fingerprint(of settings: Settings) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in String(describing: settings).utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  func put(into text: inout PrometheusText) {
    let (fingerprint, loadedAt) = loaded.withLock { ($0.fingerprint, $0.at) }
    text.family(
      "scorm_gateway_build_info", .gauge, "The running version and its commit; always 1.")
    let revision = GatewayVersion.revision?.commit ?? "unknown"
    text.sample([("version", GatewayVersion.text), ("revision", revision)], 1)
    text.family(
      "scorm_gateway_configuration_info", .gauge,
      "The configuration in force; the fingerprint changes when anything except a secret changes.")
    text.sample([("fingerprint", fingerprint)], 1)
    text.family(
      "scorm_gateway_configuration_load_timestamp_seconds", .gauge,
      "When the configuration in force was loaded.")
    text.seconds(nanoseconds: loadedAt)
  }

  /// Writes the metrics about the process under the names that Prometheus' client libraries use.
  func putProcess(into text: inout PrometheusText) {
    guard let process = ProcessFigures.read() else { return }
    text.family("process_cpu_seconds_total", .counter, "CPU time used, user and system.")
    text.seconds(nanoseconds: Int64(process.cpu * 1e9))
    text.family("process_start_time_seconds", .gauge, "When the process started.")
    text.seconds(nanoseconds: Int64(process.start * 1000) * 1_000_000)
    text.family("process_resident_memory_bytes", .gauge, "Resident memory.")
    text.sample(UInt64(max(0, process.residentBytes)))
    text.family("process_virtual_memory_bytes", .gauge, "Virtual memory.")
    text.sample(UInt64(max(0, process.virtualBytes)))
    if process.descriptors >= 0 {
      text.family("process_open_fds", .gauge, "Open descriptors.")
      text.sample(UInt64(process.descriptors))
    }
    if process.maximumDescriptors >= 0 {
      text.family("process_max_fds", .gauge, "The limit of open descriptors.")
      text.sample(UInt64(process.maximumDescriptors))
    }
    text.family("process_threads", .gauge, "Threads.")
    text.sample(UInt64(max(0, process.threads)))
    text.family(
      "scorm_gateway_thread_cpu_seconds_total", .counter,
      "CPU time used by the threads with this name; a loop near one second per second is saturated."
    )
    for (name, cpu) in ProcessFacts.byName(ProcessFigures.readThreads()) {
      text.seconds([("thread", name)], nanoseconds: Int64(cpu * 1e9))
    }
  }

  private static func byName(
    _ threads: [(name: String, cpu: Double)]
  ) -> [(name: String, cpu: Double)] {
    var sums: [(name: String, cpu: Double)] = []
    for thread in threads {
      if let known = sums.firstIndex(where: { $0.name == thread.name }) {
        sums[known].cpu += thread.cpu
      } else {
        sums.append(thread)
      }
    }
    return sums
  }
}
