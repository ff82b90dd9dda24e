/// An internal service, how to know it, and what it may do.
package struct Caller: Sendable, Equatable {
  package enum Mode: String, Sendable, CaseIterable {
    case normal
    /// As normal, and what `allow` does not grant passes too, and is told in the log.
    case permissive
    case readOnly = "read-only"
    case dryRun = "dry-run"
    case frozen
  }

  /// Which class a waiting call stands in.
  package enum Priority: String, Sendable, CaseIterable {
    /// Somebody waits for it.
    case interactive
    /// It gives way, without starving.
    case batch
  }

  package var name: String
  /// Every condition given must hold; nil: only listeners that name it are this caller.
  package var match: CallerMatch?
  /// Names of apps it may use; the first is used when a request names none.
  package var apps: [String]
  /// What it may call: one matching rule is enough.
  package var allow: [AllowRule]
  package var mode: Mode
  /// Class of its calls when limits make them wait, unless a request says otherwise.
  package var priority = Priority.interactive
  /// Its turns in a round of waiting callers, 1 to 100.
  package var weight = 1
}

extension Caller {
  /// Who everybody is when the configuration names no caller.
  package static func everybody(apps: [String]) -> Caller {
    Caller(name: "anonymous", match: nil, apps: apps, allow: [.everything], mode: .normal)
  }
}

/// How a connection is known to be a caller's. At least one condition is set, and all set ones must hold.
package struct CallerMatch: Sendable, Equatable {
  /// User of the process at the other end of a Unix socket.
  package struct UnixUser: Sendable, Equatable {
    package var name: String
    package var id: UInt32
  }

  /// A name in the certificate that the other end shows.
  package enum Certificate: Sendable, Equatable {
    case uri(String)
    /// In lower case.
    case dns(String)

    /// As messages have it: `uri spiffe://corp.example/crm`.
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

/// What an operation does, whatever its method.
package enum OperationAccess: String, Sendable, CaseIterable {
  case read, write
}

/// One entry of a caller's `allow`.
package enum AllowRule: Sendable, Equatable {
  /// `*`.
  case everything
  /// `read:*` when `service` is nil, else `read:course`.
  case access(OperationAccess, service: String?)
  /// An operation's name.
  case operation(String)
}

/// What happens to requests that are special to nobody in particular.
package struct PolicySettings: Sendable, Equatable {
  package enum Decision: String, Sendable, CaseIterable {
    case refuse, forward
  }

  /// Requests that match no operation of the catalogue.
  package var unknownOperations: Decision
  /// Paths that do not begin with the API's base path: refused, or sent on below the upstream's.
  package var outsideBasePath: Decision = .refuse
  /// Token endpoints, and operations whose answers are secrets.
  package var sensitiveOperations: Decision
  /// Those of them, by name, that are forwarded all the same.
  package var sensitiveForwarded: [String] = []
  /// What acts on every record of a filter is sent only if the caller has named their number.
  package var confirmsBulk = false
}

/// One limit on calls.
package struct Limit: Sendable, Equatable {
  /// Who shares one quota.
  package enum Scope: String, Sendable, CaseIterable {
    case app
    case caller
    case appAndCaller = "app+caller"
    case gateway
  }

  package enum Excess: String, Sendable, CaseIterable {
    /// Wait, up to `maxWait`, with at most `maxQueue` others.
    case queue
    case refuse
    /// Let pass, and count.
    case shadow
  }

  /// Which operations count. All set conditions must hold; none set: every operation.
  package struct Match: Sendable, Equatable {
    package var access: OperationAccess?
    package var service: String?
    package var operation: String?
  }

  package var name: String
  package var per: Scope
  package var match: Match
  /// Nil: only `concurrency` limits.
  package var rate: CallRate?
  /// Calls that may start at once after a rest, 1 to 1,000,000.
  package var burst: Int
  /// Calls under way at once; nil: any number.
  package var concurrency: Int?
  package var onExceed: Excess
  package var maxWait: Duration
  package var maxQueue: Int
  /// Whether several gateways have it in common, through ``Settings/shared``.
  package var isShared = false
}

/// Where exchanges are recorded.
package struct TrafficSettings: Sendable, Equatable {
  package enum Destination: Sendable, Equatable {
    case standardOutput
    /// An absolute path, or one relative to the working directory when it came from outside the file.
    case file(String)
  }

  package enum Format: String, Sendable, CaseIterable {
    /// `human` when standard output is the destination and a terminal, else `json`.
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
    /// Nil: where a gateway keeps its state, if there is such a place.
    package var path: String?
    /// Older records are removed.
    package var maxAge: Duration
    /// The oldest records are removed beyond it.
    package var maxSize: ByteSize

    /// Both, for the operator: `512MiB and 30d`.
    package var bounds: String { "\(maxSize.configurationText) and \(maxAge.configurationText)" }
  }

  /// An operation whose bodies are recorded.
  package struct Capture: Sendable, Equatable {
    /// In the catalogue, and not secret-bearing.
    package var operation: String
    /// Of a body in each direction, 1 to 65,536; longer ones are not recorded.
    package var maxBytes: ByteSize
    /// What is hidden besides what always is.
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
  /// What the gateway calls itself in each line; nil: by the machine's host name.
  package var gateway: String?
}
