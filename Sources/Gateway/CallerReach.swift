internal import Configuration

/// Decides which connections can meet the conditions of `callers[].match`.
enum CallerReach {
  /// Whether a connection to `listener` can meet the conditions. The listener that they name is not considered.
  static func fits(
    _ match: CallerMatch, _ listener: Listener, takesIPv4: (ListenAddress) -> Bool
  ) -> Bool {
    if match.certificate != nil, !(listener.tls?.asksClients ?? false) { return false }
    switch listener.address {
    case .unix: return match.address == nil
    case .tcp(let host, _):
      guard match.unixUser == nil else { return false }
      guard let block = match.address, let own = IPAddress(host) else { return true }
      // Only loopback addresses reach a loopback address.
      if own.isLoopback { return own.isV6 == block.address.isV6 && holdsLoopback(block) }
      return own.isV6 == block.address.isV6 || own.isV6 && takesIPv4(listener.address)
    }
  }

  private static func holdsLoopback(_ block: AddressBlock) -> Bool {
    if block.address.isLoopback { return true }
    return [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]]
      .contains { IPAddress(bytes: $0).map(block.contains) ?? false }
  }

  /// Whether every connection to `listener` that meets `inner` also meets `outer`.
  static func covers(_ outer: CallerMatch, _ inner: CallerMatch, at listener: Listener) -> Bool {
    if let wanted = outer.listener, wanted != listener.address { return false }
    if let user = outer.unixUser, user.id != inner.unixUser?.id { return false }
    if let name = outer.certificate, name != inner.certificate { return false }
    guard let block = outer.address else { return true }
    guard let smaller = inner.address else { return false }
    return block.prefixLength <= smaller.prefixLength && block.contains(smaller.address)
  }
}
