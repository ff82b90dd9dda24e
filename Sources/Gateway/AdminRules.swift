internal import Configuration
internal import HTTPMessages
internal import Synchronization

/// The rules for requests at the admin address. A reload changes them from the next request on.
final class AdminRules: Sendable {
  private let settings: Mutex<AdminSettings?>

  init(_ settings: AdminSettings?) { self.settings = Mutex(settings) }

  func use(_ settings: AdminSettings?) { self.settings.withLock { $0 = settings } }

  /// The authorities that a request may name in its Host field.
  var hosts: HostAllowList {
    guard let admin = settings.withLock({ $0 }) else { return .any }
    return switch admin.address {
    case .unix: .any
    case .tcp:
      HostAllowList(
        extra: admin.allowedHosts, takesAnyAddress: admin.allowRemote, isSecured: admin.tls != nil)
    }
  }

  /// Whether requests that change something are carried out.
  var takesActions: Bool { settings.withLock { $0?.actions ?? false } }
}
