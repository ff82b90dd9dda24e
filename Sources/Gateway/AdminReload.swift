internal import Admin
package import Configuration
internal import JSONText
internal import Synchronization

/// Reads the configuration again, or returns every problem in it.
package typealias Reread = @Sendable () -> Result<LoadedSettings, ConfigurationError>

/// Handles the reload requests of the admin address.
final class AdminReload: Sendable {
  private struct Target: Sendable {
    weak var gateway: GatewayProcess?
    let reread: Reread?
  }

  private let target = Mutex<Target?>(nil)

  /// From now on reports and reloads `gateway`. Without `reread` it cannot be reloaded.
  func connect(_ gateway: GatewayProcess, _ reread: Reread?) {
    target.withLock { $0 = Target(gateway: gateway, reread: reread) }
  }

  /// The configuration in force, without its secrets.
  func configuration(_ query: AdminQuery) -> AdminAnswer {
    guard let gateway = target.withLock({ $0?.gateway }) else {
      return .refused("The gateway has just started; try again.")
    }
    let text = ConfigurationText(gateway.settings)
    if query.wantsTable { return .table(text.text) }
    let things = text.content.map { thing in
      let keys = thing.keys.map { key in
        "\((key.key.isEmpty ? "value" : key.key).quotedAsJSON):\(key.value.quotedAsJSON)"
      }
      return "{\"name\":\(thing.thing.quotedAsJSON),\"keys\":{\(keys.joined(separator: ","))}}"
    }
    return .json(
      "{\"generation\":\(gateway.generation),\"things\":[\n\(things.joined(separator: ",\n"))\n]}\n"
    )
  }

  func answer(_ query: AdminQuery) -> AdminAnswer {
    guard let target = target.withLock({ $0 }), let gateway = target.gateway,
      let reread = target.reread
    else {
      return .refused("There is no configuration file to reload.")
    }
    let done = gateway.reload(reread())
    done.tell(by: gateway.tell)
    guard done.problems.isEmpty else { return .refused(done.problems.joined(separator: "\n")) }
    if query.wantsTable { return .table(done.text + "\n") }
    let changes = done.changes.map(\.quotedAsJSON).joined(separator: ",")
    return .json("{\"changes\":[\(changes)]}\n")
  }
}
