internal import Configuration
internal import HTTPMessages
internal import Synchronization

/// Who may ask at the admin address, and for what: a reload changes that for the next request.
final class AdminRules: Sendable {
  private let settings: Mutex<AdminSettings?>

  init(_ settings: AdminSettings?) { self.settings = Mutex(settings) }

  func use(_ settings: AdminSettings?) { self.settings.withLock { $0 = settings } }

  /// The authorities that are answered to.
  var hosts: HostAllowList {
    guard let admin = settings.withLock({ $0 }) else { return .any }
    return switch admin.address {
    case .unix: .any
    case .tcp:
      HostAllowList(
        extra: admin.allowedHosts, takesAnyAddress: admin.allowRemote, isSecured: admin.tls != nil)
    }
  }

  /// Whether what changes something is done.
  var takesActions: Bool { settings.withLock { $0?.actions ?? false } }
}
