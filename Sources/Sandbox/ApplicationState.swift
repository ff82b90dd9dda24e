/// Everything one application keeps in the sandbox.
struct ApplicationState: Sendable {
  /// Import jobs kept; the oldest are forgotten, as the real ones are after a week.
  static let maximumJobs = 1_000
  /// Versions that a course may have.
  static let maximumVersions = 100
  /// Instances that a registration may have.
  static let maximumInstances = 100
  /// Destinations, and dispatches, that an application may have.
  static let maximumDispatches = 10_000

  var courses: KeyedList<Course>
  var jobs = KeyedList<ImportJob>(limit: maximumJobs)
  var registrations: KeyedList<Registration>
  var destinations = KeyedList<Destination>(limit: maximumDispatches)
  var dispatches = KeyedList<Dispatch>(limit: maximumDispatches)
  var xapiCredentials = KeyedList<XapiCredential>(limit: XapiCredential.maximum)
  var tags = TagBook()
  var configuration = ConfigurationBook()

  /// When imports end.
  let completion: ImportCompletion

  init(_ settings: SandboxSettings) {
    courses = KeyedList(limit: settings.maximumCourses)
    registrations = KeyedList(limit: settings.maximumRegistrations)
    completion = settings.importCompletion
  }

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

  /// Forgets a registration and what hangs on it.
  mutating func removeRegistration(_ identifier: Identifier) {
    _ = registrations.remove(identifier)
    forgetDetails(of: .registration, identifier)
  }

  /// Forgets the tags and the configuration of a thing that is gone.
  mutating func forgetDetails(of kind: Thing.Kind, _ identifier: Identifier) {
    tags.remove(Thing(kind, identifier))
    configuration.removeAll(kind, identifier)
  }
}

/// Names a thing that tags and settings can belong to.
struct Thing: Hashable, Sendable {
  enum Kind: String, Sendable {
    case application, course, registration, learner, invitation, destination, dispatch
  }

  let kind: Kind
  let identifier: Identifier
  /// A course's version or a registration's instance; nil for the thing as a whole.
  var part: Int?

  init(_ kind: Kind, _ identifier: Identifier, part: Int? = nil) {
    self.kind = kind
    self.identifier = identifier
    self.part = part
  }
}
