internal import System

/// How a ``SimulatedCloud`` behaves. The defaults need no external resources.
package struct SandboxSettings: Sendable {
  /// The applications whose credentials are accepted. Each has its own courses and registrations.
  package var applications: [SandboxApplication] = [
    SandboxApplication(id: "SANDBOX", secret: "sandbox-secret", kind: .application),
    SandboxApplication(
      id: "SANDBOX-MANAGEMENT", secret: "sandbox-management-secret", kind: .management),
  ]
  /// When an import job ends.
  package var importCompletion: ImportCompletion = .poll(2)
  /// Maximum number of courses per application.
  package var maximumCourses = 10_000
  /// Maximum number of registrations per application.
  package var maximumRegistrations = 100_000

  /// The clock's initial state, to which a reset returns it.
  package var clock = ClockStart.real

  /// Seed of identifiers and secrets. The same seed gives the same ones in every run.
  package var seed = 1
  /// Sends postbacks; nil sends none.
  package var postbacks: PostbackPort?

  /// Whether fields and parameters that the API does not have are refused, instead of counted.
  package var isStrict = false
  /// The applications at the start and after a reset, in the shape of a snapshot; nil means ``applications``, without
  /// data.
  ///
  /// Stored as text: parsed, a seed of 100,000 registrations would permanently take ten times the memory.
  package var beginning: JSONValue? {
    get { beginningText.flatMap { try? JSONValue(json: $0) } }
    set { beginningText = newValue.map { Array($0.text.utf8) } }
  }
  private var beginningText: [UInt8]?
  /// The folder where uploads are kept, in files without names.
  package var folder = KeptFile.usualFolder

  package init() {}
}

/// One application of the sandbox and its credentials.
package struct SandboxApplication: Sendable {
  package enum Kind: Sendable {
    /// An ordinary application, which may call everything except App Management.
    case application
    /// The App Management application, which may call only App Management.
    case management
  }

  package var id: String
  package var secret: String
  package var kind: Kind

  package init(id: String, secret: String, kind: Kind) {
    self.id = id
    self.secret = secret
    self.kind = kind
  }
}

/// When an import job's status changes from `RUNNING`, and its course appears.
package enum ImportCompletion: Sendable {
  /// With this poll of its status; 1 means that the first poll returns `COMPLETE`.
  case poll(Int)
  /// This many nanoseconds after it was created, polled or not.
  case after(nanoseconds: UInt64)
}
