/// Everything one application keeps in the sandbox.
struct ApplicationState: StoredRecord {
  /// Import jobs kept; the oldest are forgotten, as the real ones are after a week.
  static let maximumJobs = 1_000
  /// Versions that a course may have.
  static let maximumVersions = 100
  /// Instances that a registration may have.
  static let maximumInstances = 100
  /// Destinations, dispatches, invitations, and learners with tags, that an application may have.
  static let maximumThings = 10_000
  /// xAPI credentials, pipes and connectors that an application may have.
  static let maximumLinks = 1_000
  /// Launch links that can be opened at a time; the oldest make room.
  static let maximumLinksOpen = 1_000

  var courses: KeyedList<Course>
  var jobs = KeyedList<ImportJob>(limit: maximumJobs)
  var registrations: KeyedList<Registration>
  var destinations = KeyedList<Document>(limit: maximumThings)
  var dispatches = KeyedList<Document>(limit: maximumThings)
  var invitations = KeyedList<Document>(limit: maximumThings)
  /// Learners who have tags.
  var learners = KeyedList<Document>(limit: maximumThings)
  var xapiCredentials = KeyedList<Document>(limit: maximumLinks)
  var statementPipes = KeyedList<Document>(limit: maximumLinks)
  var connectors = KeyedList<Document>(limit: maximumLinks)
  /// Links that were given out, to registrations, previews and invitations.
  var links = KeyedList<Document>(limit: maximumLinksOpen)
  /// Postbacks on their way.
  var postbacks = KeyedList<Document>(limit: Postback.maximumWaiting)
  var settings: [String: String] = [:]
  /// Settings for a learning standard, by `SCORM12/true`: the standard and whether content has a single SCO.
  var standardSettings = KeyedList<SettingGroup>(limit: 100)
  var identifiers = IdentifierSource()
  /// Registration instances made so far.
  var serial = 0

  /// When imports end. Not part of a snapshot.
  var completion = ImportCompletion.poll(2)
  /// What a call put off, for the clock. Empty between calls.
  var deferred: [DeferredWork] = []
  /// What is to be sent now, for the postback port. Empty between calls.
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

/// Settings that hold for one kind of content.
struct SettingGroup: StoredRecord {
  var settings: [String: String] = [:]
  mutating func exchange(_ fields: inout RecordFields) { fields.field("settings", &settings) }
}

/// Work that a call put off.
struct DeferredWork: Equatable, Sendable {
  enum Kind: String, Sendable {
    /// The registrations and dispatches of a course that is gone.
    case deletion
    /// A postback's next attempt.
    case postback
    /// The mails of a private invitation.
    case invitation
    case `import`
  }

  let kind: Kind
  let subject: String
  /// Milliseconds from now.
  let delay: Int
}

// What a path names, or a 404 in the words of the real service.
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

  /// The version that a path names second, or the newest.
  func version(_ call: CloudCall) throws(Refusal) -> Course.Version {
    let identifier = try call.parameter(0)
    let course = try course(identifier)
    guard call.parameters.count > 1 else { return course.latest }
    return try course.version(try call.parameter(1), of: identifier)
  }
}
