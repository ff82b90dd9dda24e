/// A learner's registration for a course.
struct Registration: StoredRecord {
  var course = Identifier("")
  var learner = Learner()
  var created = Timestamp(seconds: 0)
  var tags = TagList()
  /// `PostBackSchema`, if the registration has its own.
  var postBack: JSONValue?
  var dispatch: Identifier?
  var invitation: Identifier?
  var settings: [String: String] = [:]
  /// Sorted by number, the newest last. Never empty once the registration is in a list.
  var instances: [Instance] = []

  init() {}

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("courseId", &course)
    fields.field("learner", &learner)
    fields.field("created", &created)
    fields.field("tags", &tags.texts)
    fields.field("postBack", &postBack)
    fields.field("dispatchId", &dispatch)
    fields.field("invitationId", &invitation)
    fields.field("settings", &settings)
    fields.field("instances", &instances)
    if fields.isReading, instances.isEmpty { instances = [Instance()] }
  }

  var latest: Instance { instances.last ?? Instance() }
  var updated: Timestamp { instances.last?.updated ?? created }

  /// Changes instance `number`, or the newest one if nil.
  mutating func update(_ number: Int?, _ change: (inout Instance) -> Void) {
    guard !instances.isEmpty else { return }
    let place = number.flatMap { wanted in instances.firstIndex { $0.number == wanted } }
    change(&instances[place ?? instances.count - 1])
  }
}

/// A learner: `LearnerSchema`.
struct Learner: StoredRecord {
  /// Longest name or address, in bytes.
  static let maximumText = 255

  var identifier = Identifier("")
  var email = ""
  var firstName = ""
  var lastName = ""

  init() {}

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("id", &identifier)
    fields.field("email", &email)
    fields.field("firstName", &firstName)
    fields.field("lastName", &lastName)
  }

  var value: JSONValue {
    [
      "id": .string(identifier.text), "email": .string(email), "firstName": .string(firstName),
      "lastName": .string(lastName),
    ]
  }

  /// Copies the names that `value` contains, including empty ones, and leaves the others.
  mutating func take(_ value: JSONValue) throws(Refusal) {
    func text(_ name: String, _ current: String) throws(Refusal) -> String {
      guard let text = value[name]?.string else { return current }
      guard text.utf8.count <= Learner.maximumText else {
        throw .message(400, "learner.\(name) is longer than \(Learner.maximumText) bytes.")
      }
      return text
    }
    email = try text("email", email)
    firstName = try text("firstName", firstName)
    lastName = try text("lastName", lastName)
  }
}

/// One attempt of a registration at its course.
struct Instance: StoredRecord {
  var number = 0
  var courseVersion = 0
  /// The xAPI registration that the caller chose; if nil, it is derived from ``serial``.
  var xapiRegistration: String?
  /// The number from which identifiers are derived.
  var serial = 0
  var updated = Timestamp(seconds: 0)
  /// The learner's progress, in the form of `RegistrationSchema`; nil before the first launch.
  var progress: JSONValue?
  /// `LaunchHistorySchema` of each launch, oldest first.
  var launches: [JSONValue] = []
  /// `XapiStatement`, oldest first.
  var statements: [JSONValue] = []
  var settings: [String: String] = [:]

  init() {}

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("instance", &number)
    fields.field("courseVersion", &courseVersion)
    fields.field("xapiRegistrationId", &xapiRegistration)
    fields.field("serial", &serial)
    fields.field("updated", &updated)
    fields.field("progress", &progress)
    fields.field("launches", &launches)
    fields.field("statements", &statements)
    fields.field("settings", &settings)
  }
}
