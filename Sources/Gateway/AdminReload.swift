internal import Admin
package import Configuration
internal import JSONText
internal import Synchronization

/// Reads the configuration again, or tells every problem it has.
package typealias Reread = @Sendable () -> Result<LoadedSettings, ConfigurationError>

/// A reload that is asked for at the admin address.
final class AdminReload: Sendable {
  private struct Target: Sendable {
    weak var gateway: GatewayProcess?
    let reread: Reread
  }

  private let target = Mutex<Target?>(nil)

  /// From now on `gateway` is what is reloaded; nothing can be without `reread`.
  func connect(_ gateway: GatewayProcess, _ reread: Reread?) {
    guard let reread else { return }
    target.withLock { $0 = Target(gateway: gateway, reread: reread) }
  }

  func answer(_ query: AdminQuery) -> AdminAnswer {
    guard let target = target.withLock({ $0 }), let gateway = target.gateway else {
      return .refused("There is no configuration to read again.")
    }
    let done = gateway.reload(target.reread())
    done.tell(by: gateway.tell)
    guard done.problems.isEmpty else { return .refused(done.problems.joined(separator: "\n")) }
    if query.wantsTable { return .table(done.text + "\n") }
    let changes = done.changes.map(\.quotedAsJSON).joined(separator: ",")
    return .json("{\"changes\":[\(changes)]}\n")
  }
}
