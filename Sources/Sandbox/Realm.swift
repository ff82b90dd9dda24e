/// The account that all applications of the sandbox belong to, and the whole of its state.
///
/// A snapshot is what ``snapshot()`` returns; ``restore(_:)`` puts it back as it came. A seed has the same
/// shape and may say less: `{"applications": [{"id": …, "secret": …, "courses": […]}]}`. What a record may
/// hold stands in its `exchange(_:)` (``StoredRecord``): one list of fields for writing, reading and checking.
struct Realm: StoredRecord {
  /// Applications that a realm may have.
  static let maximumApplications = 1_000

  var applications = KeyedList<Application>(limit: maximumApplications)
  var identifiers = IdentifierSource()
  /// Not part of a snapshot.
  private var settings = SandboxSettings()

  init() {}

  /// The realm at its beginning.
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

  /// What a new application keeps: nothing.
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

  /// Replaces the whole state by what a snapshot or a seed says. Nothing is changed when there is a problem.
  ///
  /// - Returns: every problem, with its place; empty when the document was taken.
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
      // A seed says nothing of the source of identifiers.
      if application.data.identifiers == IdentifierSource() {
        application.data.identifiers = fresh.state(for: identifier).identifiers
      }
    }
    self = next
    return []
  }
}

// What the clock and the postback port have to do with the realm.
extension Realm {
  /// Does what fell due. What it is about may be gone by now.
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

  /// What calls put off since it was asked last, with whose it is.
  mutating func takeDeferred() -> [(application: Identifier, work: DeferredWork)] {
    var taken: [(application: Identifier, work: DeferredWork)] = []
    applications.updateAll { identifier, application in
      guard !application.data.deferred.isEmpty else { return }
      taken += application.data.deferred.map { (identifier, $0) }
      application.data.deferred = []
    }
    return taken
  }

  /// What is to be sent, since it was asked last.
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
