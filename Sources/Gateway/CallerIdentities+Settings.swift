internal import Configuration
internal import Forwarding
internal import GatewayServer
internal import Rules
internal import System

/// Identifies the configured caller that a connection belongs to.
extension CallerIdentities {
  /// Callers are numbered in the order of the file. A removed listener still names the caller of its connections.
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
        // The listener does not exist, so no connection can meet this condition. Without it the match would hold for
        // every connection.
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
