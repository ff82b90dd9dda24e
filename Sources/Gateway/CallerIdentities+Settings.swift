internal import Configuration
internal import GatewayServer
internal import System

/// Which caller of the configuration a connection belongs to.
extension CallerIdentities {
  init(_ settings: Settings) {
    func index(_ name: String?) -> Int? {
      name.flatMap { name in settings.callers.firstIndex { $0.name == name } }
    }
    var rules: [Rule] = []
    for (number, caller) in settings.callers.enumerated() {
      guard let match = caller.match else { continue }
      var rule = Rule(caller: number)
      rule.user = match.unixUser?.id
      if let address = match.listener {
        // One that is not there yet: nobody comes from it. Left out, the condition would hold for everybody.
        guard let number = settings.listeners.firstIndex(where: { $0.address == address }) else {
          continue
        }
        rule.listener = number
      }
      if let block = match.address {
        rule.matchesAddress = { peer in
          IPAddress(bytes: peer.addressBytes).map(block.contains) ?? false
        }
      }
      rules.append(rule)
    }
    self.init(
      byListener: settings.listeners.map { index($0.caller) }, rules: rules,
      otherwise: settings.callers.isEmpty ? 0 : nil)
  }
}
