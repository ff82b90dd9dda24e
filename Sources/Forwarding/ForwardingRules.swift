package import HTTPMessages
internal import SCORMCloudAPI

/// Everything the planner knows about this gateway, compiled from the configuration into plain values.
package struct ForwardingRules: Sendable {
  /// One listener.
  package struct Listener: Sendable {
    package var hosts: HostAllowList
    package init(hosts: HostAllowList) { self.hosts = hosts }
  }

  /// One SCORM Cloud application.
  package struct App: Sendable {
    package var name: String
    /// Whether it is the App Management application, which can only manage.
    package var isManagement: Bool
    /// The credential for each operation of the catalogue, by index.
    package var credentials: [CredentialChoice]
    /// The credentials to try when that one is refused, where the catalogue is not sure of the scope.
    package var ladders: ScopeLadders
    /// The credential for paths that are not in the catalogue; nil for an app that does not serve such paths.
    package var unknownCredential: UnknownCredential?
    /// False for an app that was removed from the file and is kept for calls that began earlier: no request can name
    /// it.
    package var isInForce = true

    package init(
      name: String, isManagement: Bool, credentials: [CredentialChoice],
      ladders: ScopeLadders = ScopeLadders(), unknownCredential: UnknownCredential?
    ) {
      self.ladders = ladders
      self.name = name
      self.isManagement = isManagement
      self.credentials = credentials
      self.unknownCredential = unknownCredential
    }
  }

  /// One named caller, or every caller if the configuration names none.
  package struct Caller: Sendable {
    package typealias Mode = OperatingMode

    package var name: String
    /// False for a caller that was removed from the file and is kept for calls that began earlier.
    package var isInForce = true
    /// Apps it may use. The first one that is not a management app is its default.
    package let apps: [Int]
    /// The same as a set, for requests.
    let appSet: AppSet
    package var defaultApp: Int?
    package var operations: OperationSet
    package var mayUseUnknownOperations: Bool
    package var mode: Mode
    /// Its calls let others go first, unless a request says otherwise.
    package var isBatch: Bool
    /// Operations that it is not granted pass anyway, and are logged.
    package var isPermissive: Bool

    package init(
      name: String, apps: [Int], defaultApp: Int?, operations: OperationSet,
      mayUseUnknownOperations: Bool, mode: Mode, isBatch: Bool = false, isPermissive: Bool = false
    ) {
      self.name = name
      self.apps = apps
      appSet = AppSet(apps)
      self.defaultApp = defaultApp
      self.operations = operations
      self.mayUseUnknownOperations = mayUseUnknownOperations
      self.mode = mode
      self.isBatch = isBatch
      self.isPermissive = isPermissive
    }
  }

  // By number, which is the same in all rules of a process (``Roster`` in the module Rules).
  package var listeners: [Listener]
  package var apps: [App]
  package var defaultApp: Int
  package var managementApp: Int?
  package var callers: [Caller]
  package var forwardsUnknownOperations: Bool
  /// Paths that do not begin with the base path are forwarded below the upstream's base path.
  package var forwardsOutsideBasePath = false
  /// Sensitive operations that are forwarded anyway.
  package var passedSensitive: OperationSet
  /// Operations that are sent only if their caller has given the number of records they act on.
  package var confirmed = OperationSet()
  /// The upstream's authority, for Host: `cloud.scorm.com`.
  package var upstreamAuthority: String
  /// The upstream's origin, for Locations that are rewritten: `https://cloud.scorm.com`.
  package var upstreamOrigin: String
  /// The upstream's base path without a trailing slash: `/api/v2`.
  package var upstreamBasePath: String
  /// Identifies this process among gateways, in Via.
  package var hop: UInt32 = 0

  package init(
    listeners: [Listener], apps: [App], defaultApp: Int, managementApp: Int?, callers: [Caller],
    forwardsUnknownOperations: Bool, forwardsOutsideBasePath: Bool = false,
    passedSensitive: OperationSet, upstreamAuthority: String,
    upstreamOrigin: String, upstreamBasePath: String
  ) {
    self.listeners = listeners
    self.apps = apps
    self.defaultApp = defaultApp
    self.managementApp = managementApp
    self.callers = callers
    self.forwardsUnknownOperations = forwardsUnknownOperations
    self.forwardsOutsideBasePath = forwardsOutsideBasePath
    self.passedSensitive = passedSensitive
    self.upstreamAuthority = upstreamAuthority
    self.upstreamOrigin = upstreamOrigin
    self.upstreamBasePath = upstreamBasePath
  }
}

/// A set of apps by their index, one bit each.
struct AppSet: Sendable, BitwiseCopyable {
  /// The most apps that a configuration may have.
  static let limit = 64

  private var bits: UInt64 = 0

  /// Traps if an index is not below ``limit``.
  init(_ indices: [Int]) {
    for index in indices {
      precondition(index >= 0 && index < AppSet.limit, "more apps than a configuration may have")
      bits |= 1 << UInt64(index)
    }
  }

  func contains(_ index: Int) -> Bool {
    index < AppSet.limit && bits &>> UInt64(truncatingIfNeeded: index) & 1 != 0
  }
}

/// A set of operations of the catalogue, one bit each.
package struct OperationSet: Sendable, Equatable {
  private var words: (UInt64, UInt64, UInt64) = (0, 0, 0)

  package init() {}

  /// Every operation of the catalogue.
  package static var all: OperationSet {
    var set = OperationSet()
    for operation in OperationTable.all { set.insert(operation.index) }
    return set
  }

  package mutating func insert(_ index: UInt8) {
    let bit: UInt64 = 1 << UInt64(index & 63)
    switch index >> 6 {
    case 0: words.0 |= bit
    case 1: words.1 |= bit
    default: words.2 |= bit
    }
  }

  package func contains(_ index: UInt8) -> Bool {
    let word = index >> 6 == 0 ? words.0 : index >> 6 == 1 ? words.1 : words.2
    return word >> UInt64(index & 63) & 1 != 0
  }

  package static func == (a: OperationSet, b: OperationSet) -> Bool { a.words == b.words }
}
