/// The account that all applications of the sandbox belong to: the whole state of the sandbox.
///
/// ``snapshot()`` returns a snapshot, and ``restore(_:)`` restores it exactly. A seed has the same shape and may
/// omit most of it: `{"applications": [{"id": …, "secret": …, "courses": […]}]}`. The fields of a record are
/// listed in its `exchange(_:)` (``StoredRecord``), once for writing, reading and checking.
struct Realm: StoredRecord {
  /// Maximum number of applications in a realm.
  static let maximumApplications = 1_000

  var applications = KeyedList<Application>(limit: maximumApplications)
  var identifiers = IdentifierSource()
  /// Not part of a snapshot.
  private var settings = SandboxSettings()

  init() {}

  /// The realm's initial state.
  init(_ settings: SandboxSettings, now: Timestamp) {
    self.settings = settings
    identifiers = IdentifierSource(seed: settings.seed, name: "realm")
    for wanted in settings.applications {
      var application = Application()
      application.name = wanted.id
      application.kind = wanted.kind
      application.created = now
      application.updated = now
      application.data = state(for: Identifier(wanted.id))
      var credential = ApplicationCredential(secret: wanted.secret)
      credential.created = now
      credential.updated = now
      _ = application.credentials.insert(credential, at: ApplicationCredential.first)
      _ = applications.insert(application, at: Identifier(wanted.id))
    }
  }

  /// The state of a new application: empty.
  func state(for identifier: Identifier) -> ApplicationState {
    var state = ApplicationState(settings)
    state.identifiers = IdentifierSource(seed: settings.seed, name: identifier.text)
    return state
  }

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("applications", &applications)
    fields.field("identifiers", &identifiers)
  }

  /// The whole state as one document.
  func snapshot() -> JSONValue { stored }

  /// Replaces the whole state with a snapshot or a seed. Changes nothing if there is a problem.
  ///
  /// - Returns: every problem, with its place; empty if the document was accepted.
  mutating func restore(_ document: JSONValue) -> [StoredProblem] {
    var next = Realm()
    next.settings = settings
    next.identifiers = IdentifierSource(seed: settings.seed, name: "realm")
    var fields = RecordFields(reading: document, at: [])
    next.exchange(&fields)
    fields.end()
    guard fields.problems.isEmpty else { return fields.problems }
    let settings = settings
    let fresh = self
    next.applications.updateAll { identifier, application in
      if application.name.isEmpty { application.name = identifier.text }
      application.data.completion = settings.importCompletion
      application.data.registrations.sort(by: \.created)
      // A seed does not contain the source of identifiers.
      if application.data.identifiers == IdentifierSource() {
        application.data.identifiers = fresh.state(for: identifier).identifiers
      }
    }
    self = next
    return []
  }
}

// Work for the clock and the postback port.
extension Realm {
  /// Does work that is due. Its subject may have been deleted by now.
  mutating func perform(_ work: DueWork, now: Timestamp, milliseconds: Int) {
    let application = Identifier(work.application)
    applications.update(application) { found in
      switch DeferredWork.Kind(rawValue: work.kind) {
      case .deletion: found.data.deleteRemains(of: Identifier(work.subject))
      case .postback: found.data.attempt(Identifier(work.subject), application)
      case .invitation: found.data.finishInvitationJob(Identifier(work.subject), now)
      case .import: found.data.settleImports(milliseconds, now, application)
      case nil: break
      }
    }
  }

  mutating func settle(_ outcome: PostbackOutcome) {
    applications.update(Identifier(outcome.application)) { $0.data.settle(outcome) }
  }

  /// Takes the work that calls postponed since the last time, with the application of each.
  mutating func takeDeferred() -> [(application: Identifier, work: DeferredWork)] {
    var taken: [(application: Identifier, work: DeferredWork)] = []
    applications.updateAll { identifier, application in
      guard !application.data.deferred.isEmpty else { return }
      taken += application.data.deferred.map { (identifier, $0) }
      application.data.deferred = []
    }
    return taken
  }

  /// Takes the postbacks to send since the last time.
  mutating func takeOutbox() -> [Postback] {
    var taken: [Postback] = []
    applications.updateAll { _, application in
      guard !application.data.outbox.isEmpty else { return }
      taken += application.data.outbox
      application.data.outbox = []
    }
    return taken
  }
}
