/// All data of one application in the sandbox.
struct ApplicationState: StoredRecord {
  /// Maximum number of import jobs kept. The oldest ones are dropped; SCORM Cloud drops its jobs after a week.
  static let maximumJobs = 1_000
  /// Maximum number of versions per course.
  static let maximumVersions = 100
  /// Maximum number of instances per registration.
  static let maximumInstances = 100
  /// Maximum number of destinations, dispatches, invitations, or learners with tags per application.
  static let maximumThings = 10_000
  /// Maximum number of xAPI credentials, pipes, or connectors per application.
  static let maximumLinks = 1_000
  /// Maximum number of launch links that are valid at a time. A new one replaces the oldest.
  static let maximumLinksOpen = 1_000

  var courses: KeyedList<Course>
  var jobs = KeyedList<ImportJob>(limit: maximumJobs)
  var registrations: KeyedList<Registration>
  var destinations = KeyedList<Document>(limit: maximumThings)
  var dispatches = KeyedList<Document>(limit: maximumThings)
  var invitations = KeyedList<Document>(limit: maximumThings)
  /// Learners that have tags.
  var learners = KeyedList<Document>(limit: maximumThings)
  var xapiCredentials = KeyedList<Document>(limit: maximumLinks)
  var statementPipes = KeyedList<Document>(limit: maximumLinks)
  var connectors = KeyedList<Document>(limit: maximumLinks)
  /// Links that were handed out for registrations, previews and invitations.
  var links = KeyedList<Document>(limit: maximumLinksOpen)
  /// Postbacks that have not been delivered yet.
  var postbacks = KeyedList<Document>(limit: Postback.maximumWaiting)
  var settings: [String: String] = [:]
  /// Settings for a learning standard, with keys like `SCORM12/true`: the standard, and whether the content has a
  /// single SCO.
  var standardSettings = KeyedList<SettingGroup>(limit: 100)
  var identifiers = IdentifierSource()
  /// Registration instances made so far.
  var serial = 0

  /// When imports end. Not part of a snapshot.
  var completion = ImportCompletion.poll(2)
  /// Work that a call postponed, for the clock to schedule. Empty between calls.
  var deferred: [DeferredWork] = []
  /// Postbacks to send now, for the postback port. Empty between calls.
  var outbox: [Postback] = []

  init() { self.init(SandboxSettings()) }

  init(_ settings: SandboxSettings) {
    courses = KeyedList(limit: settings.maximumCourses)
    registrations = KeyedList(limit: settings.maximumRegistrations)
    completion = settings.importCompletion
  }

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("courses", &courses)
    fields.field("importJobs", &jobs)
    fields.field("registrations", &registrations)
    fields.field("destinations", &destinations)
    fields.field("dispatches", &dispatches)
    fields.field("invitations", &invitations)
    fields.field("learners", &learners)
    fields.field("xapiCredentials", &xapiCredentials)
    fields.field("statementPipes", &statementPipes)
    fields.field("connectors", &connectors)
    fields.field("links", &links)
    fields.field("postbacks", &postbacks)
    fields.field("settings", &settings)
    fields.field("standardSettings", &standardSettings)
    fields.field("identifiers", &identifiers)
    fields.field("serial", &serial)
  }
}

/// Settings that apply to one kind of content.
struct SettingGroup: StoredRecord {
  var settings: [String: String] = [:]
  mutating func exchange(_ fields: inout RecordFields) { fields.field("settings", &settings) }
}

/// Work that a call postponed.
struct DeferredWork: Equatable, Sendable {
  enum Kind: String, Sendable {
    /// Delete the registrations and dispatches of a deleted course.
    case deletion
    /// Try a postback again.
    case postback
    /// Send the mails of a private invitation.
    case invitation
    case `import`
  }

  let kind: Kind
  let subject: String
  /// Milliseconds from now.
  let delay: Int
}

// Looks up what a path names, or throws a 404 in the real service's words.
extension ApplicationState {
  func course(_ identifier: Identifier) throws(Refusal) -> Course {
    guard let course = courses[identifier] else { throw .missing("course", identifier) }
    return course
  }

  func registration(_ identifier: Identifier) throws(Refusal) -> Registration {
    guard let registration = registrations[identifier] else {
      throw .missing("registration", identifier)
    }
    return registration
  }

  func destination(_ identifier: Identifier) throws(Refusal) -> Document {
    guard let found = destinations[identifier] else { throw .missing("destination", identifier) }
    return found
  }

  func dispatch(_ identifier: Identifier) throws(Refusal) -> Document {
    guard let found = dispatches[identifier] else { throw .missing("dispatch", identifier) }
    return found
  }

  func invitation(_ identifier: Identifier) throws(Refusal) -> Document {
    guard let found = invitations[identifier] else { throw .missing("invitation", identifier) }
    return found
  }

  /// The version that the path's second parameter names, or the newest.
  func version(_ call: CloudCall) throws(Refusal) -> Course.Version {
    let identifier = try call.parameter(0)
    let course = try course(identifier)
    guard call.parameters.count > 1 else { return course.latest }
    return try course.version(try call.parameter(1), of: identifier)
  }
}
