/// A caller: an internal service, how it is identified, and what it may do.
package struct Caller: Sendable, Equatable {
  package enum Mode: String, Sendable, CaseIterable {
    case normal
    /// As `normal`, but calls that `allow` does not grant also pass, and the log marks them.
    case permissive
    case readOnly = "read-only"
    case dryRun = "dry-run"
    case frozen
  }

  /// The class of a waiting call.
  package enum Priority: String, Sendable, CaseIterable {
    /// Someone is waiting for the answer.
    case interactive
    /// Calls that give way to interactive ones, but never starve.
    case batch
  }

  package var name: String
  /// All given conditions must hold. Nil: only connections to listeners that name this caller belong to it.
  package var match: CallerMatch?
  /// Names of the apps it may use. The first one is used if a request names none.
  package var apps: [String]
  /// What it may call. One matching rule is enough.
  package var allow: [AllowRule]
  package var mode: Mode
  /// The class of its calls when limits make them wait, unless a request says otherwise.
  package var priority = Priority.interactive
  /// Its turns in a round among waiting callers, 1 to 100.
  package var weight = 1
}

extension Caller {
  /// The caller that every connection belongs to if the configuration names none.
  package static func everybody(apps: [String]) -> Caller {
    Caller(name: "anonymous", match: nil, apps: apps, allow: [.everything], mode: .normal)
  }
}

/// The conditions that identify a caller's connections. At least one is set, and all set ones must hold.
package struct CallerMatch: Sendable, Equatable {
  /// The user of the process at the other end of a Unix socket.
  package struct UnixUser: Sendable, Equatable {
    package var name: String
    package var id: UInt32
  }

  /// A name in the client's certificate.
  package enum Certificate: Sendable, Equatable {
    case uri(String)
    /// In lower case.
    case dns(String)

    /// The name as messages print it: `uri spiffe://corp.example/crm`.
    package var text: String {
      switch self {
      case .uri(let name): "uri \(name)"
      case .dns(let name): "dns \(name)"
      }
    }
  }

  package var unixUser: UnixUser?
  package var address: AddressBlock?
  package var listener: ListenAddress?
  package var certificate: Certificate?
}

/// Whether an operation reads or writes, regardless of its method.
package enum OperationAccess: String, Sendable, CaseIterable {
  case read, write
}

/// One entry of a caller's `allow`.
package enum AllowRule: Sendable, Equatable {
  /// `*`.
  case everything
  /// `read:*` if `service` is nil, otherwise `read:course`.
  case access(OperationAccess, service: String?)
  /// An operation's name.
  case operation(String)
}

/// What happens to special requests, whichever caller sends them.
package struct PolicySettings: Sendable, Equatable {
  package enum Decision: String, Sendable, CaseIterable {
    case refuse, forward
  }

  /// Requests that match no operation of the catalogue.
  package var unknownOperations: Decision
  /// Paths that do not begin with the API's base path: refused, or forwarded below the upstream's base path.
  package var outsideBasePath: Decision = .refuse
  /// Token endpoints, and operations whose answers are secrets.
  package var sensitiveOperations: Decision
  /// The names of sensitive operations that are forwarded anyway.
  package var sensitiveForwarded: [String] = []
  /// Whether an operation on all records of a filter is sent only if the caller has stated their number.
  package var confirmsBulk = false
}

/// One limit on calls.
package struct Limit: Sendable, Equatable {
  /// What gets a separate quota under the limit.
  package enum Scope: String, Sendable, CaseIterable {
    case app
    case caller
    case appAndCaller = "app+caller"
    case gateway
  }

  package enum Excess: String, Sendable, CaseIterable {
    /// Wait up to `maxWait`, together with at most `maxQueue` others.
    case queue
    case refuse
    /// Pass and be counted.
    case shadow
  }

  /// The operations that the limit counts. All set conditions must hold. If none is set, every operation counts.
  package struct Match: Sendable, Equatable {
    package var access: OperationAccess?
    package var service: String?
    package var operation: String?
  }

  package var name: String
  package var per: Scope
  package var match: Match
  /// Nil if only `concurrency` is limited.
  package var rate: CallRate?
  /// Calls that may start at once after an idle time, 1 to 1,000,000.
  package var burst: Int
  /// Calls that may be in progress at once; nil for any number.
  package var concurrency: Int?
  package var onExceed: Excess
  package var maxWait: Duration
  package var maxQueue: Int
  /// Whether several gateways share the limit through ``Settings/shared``.
  package var isShared = false
}

/// Where calls are recorded.
package struct TrafficSettings: Sendable, Equatable {
  package enum Destination: Sendable, Equatable {
    case standardOutput
    /// A path. It is absolute unless it comes from outside the file, where it may be relative to the working directory.
    case file(String)
  }

  package enum Format: String, Sendable, CaseIterable {
    /// `human` if standard output is the destination and a terminal, otherwise `json`.
    case auto
    case json
    /// NCSA's combined format.
    case combined
    case human
  }

  package struct Log: Sendable, Equatable {
    package var destination: Destination
    package var format: Format
  }

  package struct Journal: Sendable, Equatable {
    /// Nil uses the place where a gateway keeps its state, if there is one.
    package var path: String?
    /// The age after which records are removed.
    package var maxAge: Duration
    /// The size above which the oldest records are removed.
    package var maxSize: ByteSize

    /// Both limits, for the operator: `512MiB and 30d`.
    package var bounds: String { "\(maxSize.configurationText) and \(maxAge.configurationText)" }
  }

  /// An operation whose bodies are recorded.
  package struct Capture: Sendable, Equatable {
    /// An operation of the catalogue whose bodies and answers hold no secrets.
    package var operation: String
    /// The largest body that is recorded in each direction, 1 to 65,536 bytes.
    package var maxBytes: ByteSize
    /// Paths that are masked in addition to the values that always are.
    package var redact: [RedactionPath]
  }

  /// Nil: no log.
  package var log: Log?
  /// Nil: no journal.
  package var journal: Journal?
  /// 0 to 64, operations unique.
  package var captures: [Capture] = []

  package enum ParameterDisplay: String, Sendable, CaseIterable {
    case mask, show
  }

  /// Values of query parameters that the catalogue does not know.
  package var unknownParameters = ParameterDisplay.mask
  /// The gateway's name in each line; nil uses the machine's host name.
  package var gateway: String?
}
