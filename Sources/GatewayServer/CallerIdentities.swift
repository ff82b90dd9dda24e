package import Forwarding
package import System

/// Determines which caller a connection belongs to: when it is accepted or its TLS handshake is done, and again after a
/// new configuration.
package struct CallerIdentities: Sendable {
  /// One rule of the configuration; a nil condition always holds.
  package struct Rule: Sendable {
    package var caller: Int
    package var user: UInt32?
    package var listener: Int?
    package var matchesAddress: (@Sendable (PeerIdentity) -> Bool)?
    package var certificate: CertificateName?

    package init(
      caller: Int, user: UInt32? = nil, listener: Int? = nil,
      matchesAddress: (@Sendable (PeerIdentity) -> Bool)? = nil,
      certificate: CertificateName? = nil
    ) {
      self.caller = caller
      self.user = user
      self.listener = listener
      self.matchesAddress = matchesAddress
      self.certificate = certificate
    }
  }

  /// The caller that each listener names for all its connections.
  package var byListener: [Int?]
  package var rules: [Rule]
  /// The caller of connections that match nothing; nil refuses them.
  package var otherwise: Int?

  package init(byListener: [Int?], rules: [Rule], otherwise: Int?) {
    self.byListener = byListener
    self.rules = rules
    self.otherwise = otherwise
  }

  /// The caller of a connection without a certificate.
  func caller(of peer: PeerIdentity, listener: Int) -> Int? {
    find(peer, listener: listener, certificate: nil).caller
  }

  /// The caller of a connection, and the name in its certificate that decided, if one did. `certificate`: the names of
  /// a verified certificate; nil for a connection without one.
  package func find(
    _ peer: PeerIdentity, listener: Int, certificate: CertificateNames?
  ) -> (caller: Int?, name: CertificateName?) {
    if certificate?.objection != nil { return (nil, nil) }
    if let named = byListener[listener] { return (named, nil) }
    for rule in rules {
      if let user = rule.user, peer.family != .unix || peer.user != user { continue }
      if let wanted = rule.listener, wanted != listener { continue }
      if let matches = rule.matchesAddress, !matches(peer) { continue }
      if let name = rule.certificate {
        guard let certificate, certificate.has(name) else { continue }
      }
      return (rule.caller, rule.certificate)
    }
    return (otherwise, nil)
  }
}
