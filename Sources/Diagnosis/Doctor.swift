package import Configuration
internal import Gateway
internal import Rules
package import System

/// Checks everything that a gateway needs, before it serves or while another one does. It changes nothing here or at
/// SCORM Cloud. The tokens that it fetches are discarded.
package struct Doctor: Sendable {
  /// Milliseconds that one request over the network may take.
  package static let usualTimeout = 5_000

  let file: String?
  let environment: Environment
  let areas: Set<DoctorArea>
  let timeout: Int
  let clock: TimeSource
  /// Returns the bytes that can still be written at a path.
  let freeSpace: @Sendable (String) -> Int64?

  /// - Parameters:
  ///   - file: the configuration file; nil uses the environment alone, as `serve` does.
  ///   - areas: what to check. The configuration is always read.
  ///   - timeout: milliseconds for one request over the network.
  ///   - clock: the clock that SCORM Cloud's time is compared with.
  package init(
    file: String?, environment: Environment, areas: Set<DoctorArea> = Set(DoctorArea.allCases),
    timeout: Int = Doctor.usualTimeout, clock: TimeSource = .system,
    freeSpace: @escaping @Sendable (String) -> Int64? = { DiskSpace.free(at: $0) }
  ) {
    self.file = file
    self.environment = environment
    self.areas = areas
    self.timeout = timeout
    self.clock = clock
    self.freeSpace = freeSpace
  }

  /// Runs all checks once. Blocks the calling thread.
  package func examine() -> Examination {
    let loaded: LoadedSettings
    do throws(ConfigurationError) {
      loaded = try ConfigurationSource.load(file: file, environment: environment)
    } catch {
      return Examination(
        error.problems.map { .failure(.configuration, .unusableConfiguration, "\($0)") })
    }
    var findings = configuration(loaded)
    let settings = loaded.settings
    if wants(.listeners) { findings += listeners(settings) }
    if wants(.disk) { findings += disk(settings) }
    findings += network(settings)
    if wants(.shared) { findings += timed { [store(settings)] } + shareKey(settings) }
    return Examination(
      findings.filter { areas.contains($0.area) || $0.code?.isOfConfiguration == true })
  }

  func wants(_ area: DoctorArea) -> Bool { areas.contains(area) }

  /// The findings of `body`, with the time that it took.
  func timed(_ body: () -> [Finding]) -> [Finding] {
    let start = SystemClock.monotonic
    return body().map { finding in
      var finding = finding
      finding.milliseconds = (SystemClock.monotonic - start) / 1_000_000
      return finding
    }
  }
}
