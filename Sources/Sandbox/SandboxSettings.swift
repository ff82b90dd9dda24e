internal import System

/// How a ``SimulatedCloud`` behaves. The defaults need nothing from outside.
package struct SandboxSettings: Sendable {
  /// The applications whose credentials are accepted. Each has its own courses and registrations.
  package var applications: [SandboxApplication] = [
    SandboxApplication(id: "SANDBOX", secret: "sandbox-secret", kind: .application),
    SandboxApplication(
      id: "SANDBOX-MANAGEMENT", secret: "sandbox-management-secret", kind: .management),
  ]
  /// When an import job is over.
  package var importCompletion: ImportCompletion = .poll(2)
  /// Most courses an application may have.
  package var maximumCourses = 10_000
  /// Most registrations an application may have.
  package var maximumRegistrations = 100_000

  /// How the clock begins, and where a reset takes it back to.
  package var clock = ClockStart.real

  /// Makes identifiers and secrets: with the same seed they are the same in every run.
  package var seed = 1
  /// Where postbacks go; nil sends none.
  package var postbacks: PostbackPort?

  /// Refuse fields and parameters that the API does not have, instead of counting them.
  package var isStrict = false
  /// The applications at the beginning and after a reset, in the shape of a snapshot; nil for ``applications``,
  /// empty.
  ///
  /// Kept as text: as a value a seed of 100,000 registrations would take ten times the memory, for good.
  package var beginning: JSONValue? {
    get { beginningText.flatMap { try? JSONValue(json: $0) } }
    set { beginningText = newValue.map { Array($0.text.utf8) } }
  }
  private var beginningText: [UInt8]?
  /// Where uploads are kept, in files without names.
  package var folder = KeptFile.usualFolder

  package init() {}
}

/// One application of the sandbox and its credentials.
package struct SandboxApplication: Sendable {
  package enum Kind: Sendable {
    /// An ordinary application: everything but App Management.
    case application
    /// The App Management application: nothing but App Management.
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

/// When an import job stops saying `RUNNING` and its course appears.
package enum ImportCompletion: Sendable {
  /// With this poll of its status; 1 means the first poll says `COMPLETE`.
  case poll(Int)
  /// So many nanoseconds after it was made, polled or not.
  case after(nanoseconds: UInt64)
}
