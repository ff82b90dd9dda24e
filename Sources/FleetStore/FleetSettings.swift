package import Fleet
package import Memory
internal import RateLimiting

/// The settings of ``FleetService``.
package struct FleetSettings: Sendable {
  /// Where the store is.
  package enum Place: Hashable, Sendable {
    case tcp(host: String, port: UInt16, isTLS: Bool)
    case unix(path: String)

    /// As shown in texts: `redis.internal:6379`.
    package var text: String {
      switch self {
      case .tcp(let host, let port, _): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
      case .unix(let path): "unix:\(path)"
      }
    }
  }

  /// What applies to a limit whose store is lost, once its lease is over.
  package enum LossPolicy: String, Sendable, CaseIterable {
    /// An even part of the limit, by the last known number of members.
    case share
    /// No calls.
    case closed
    /// All of the limit.
    case open
  }

  package var place: Place
  package var user: String?
  package var password: SecretBytes?
  /// A PEM file of certificate authorities to trust instead of the system's.
  package var caFile: String?
  package var database: Int
  /// The same for all gateways with the same budget, and different from all others.
  package var prefix: String
  package var onLoss: LossPolicy
  /// The number of gateways, until the store reports it.
  package var replicas: Int
  package var limits: FleetLimits

  package init(
    place: Place, user: String? = nil, password: SecretBytes? = nil, caFile: String? = nil,
    database: Int = 0, prefix: String, onLoss: LossPolicy = .share, replicas: Int = 1,
    limits: FleetLimits
  ) {
    self.place = place
    self.user = user
    self.password = password
    self.caFile = caFile
    self.database = database
    self.prefix = prefix
    self.onLoss = onLoss
    self.replicas = replicas
    self.limits = limits
  }
}

/// Limits, apps, callers and services with names that mean the same to all gateways, by the limiter's numbers.
package struct FleetLimits: Sendable {
  package struct SharedLimit: Equatable, Sendable {
    package var name: String
    package var terms: LeaseTerms
    package var hasApp: Bool
    package var hasCaller: Bool

    package init(name: String, terms: LeaseTerms, hasApp: Bool, hasCaller: Bool) {
      self.name = name
      self.terms = terms
      self.hasApp = hasApp
      self.hasCaller = hasCaller
    }
  }

  /// By number; nil for one that is not shared.
  package var limits: [SharedLimit?]
  /// Ids at the upstream, by number; empty for a vacant number.
  package var apps: [String]
  package var callers: [String]
  package var services: [String]

  package init(limits: [SharedLimit?], apps: [String], callers: [String], services: [String]) {
    self.limits = limits
    self.apps = apps
    self.callers = callers
    self.services = services
  }

  /// The name of a quota, and its limit; nil if it belongs to no app or caller.
  func quota(_ key: ShareKey) -> (name: String, limit: SharedLimit)? {
    guard limits.indices.contains(key.limit), let limit = limits[key.limit] else { return nil }
    var name = limit.name
    if limit.hasApp {
      guard apps.indices.contains(key.app), !apps[key.app].isEmpty else { return nil }
      name += "|" + apps[key.app]
    }
    if limit.hasCaller {
      guard callers.indices.contains(key.caller), !callers[key.caller].isEmpty else { return nil }
      name += "|" + callers[key.caller]
    }
    return (name, limit)
  }

  /// The whole app's pause has no service.
  static let wholeApp = "*"

  func name(of pause: PauseView) -> String? {
    guard apps.indices.contains(pause.app), !apps[pause.app].isEmpty else { return nil }
    guard let service = pause.service else { return "\(apps[pause.app])|\(Self.wholeApp)" }
    return services.indices.contains(service) ? "\(apps[pause.app])|\(services[service])" : nil
  }

  func pause(_ pause: SharedPause) -> PauseView? {
    guard let end = pause.name.lastIndex(of: "|"),
      let app = apps.firstIndex(of: String(pause.name[..<end]))
    else { return nil }
    let name = String(pause.name[pause.name.index(after: end)...])
    let service = services.firstIndex(of: name)
    guard service != nil || name == Self.wholeApp else { return nil }
    return PauseView(
      app: app, service: service, remaining: pause.remaining, level: pause.level)
  }
}
