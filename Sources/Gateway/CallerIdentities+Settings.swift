internal import Configuration
internal import Forwarding
internal import GatewayServer
internal import Rules
internal import System

/// Which caller of the configuration a connection belongs to.
extension CallerIdentities {
  /// By number, in the order of the file. A listener that is gone still names the caller of its connections.
  init(_ roster: Roster) {
    func number(_ name: String?) -> Int? {
      name.flatMap { name in roster.callers.number { $0.name == name } }
    }
    var rules: [Rule] = []
    for (caller, item) in roster.callers.inForce {
      guard let match = item.match else { continue }
      var rule = Rule(caller: caller)
      rule.user = match.unixUser?.id
      if let address = match.listener {
        // One that is not there: nobody comes from it. Left out, the condition would hold for everybody.
        guard
          let listener = roster.listeners.list.firstIndex(where: { $0?.item.address == address })
        else { continue }
        rule.listener = listener
      }
      if let block = match.address {
        rule.matchesAddress = { peer in
          IPAddress(bytes: peer.addressBytes).map(block.contains) ?? false
        }
      }
      switch match.certificate {
      case .uri(let name): rule.certificate = .uri(Array(name.utf8))
      case .dns(let name): rule.certificate = .dns(Array(name.utf8))
      case nil: break
      }
      rules.append(rule)
    }
    self.init(
      byListener: roster.listeners.list.map { number($0?.item.caller) }, rules: rules,
      otherwise: roster.settings.callers.isEmpty ? roster.callers.order.first : nil)
  }
}
