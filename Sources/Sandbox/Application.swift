/// One application of the realm: its name, its secrets and all its data.
struct Application: StoredRecord {
  /// Maximum number of credentials per application.
  static let maximumCredentials = 100

  var name = ""
  var kind = SandboxApplication.Kind.application
  /// Whether the sandbox carries out its DELETE calls.
  var allowsDelete = true
  var created = Timestamp(seconds: 0)
  var updated = Timestamp(seconds: 0)
  var credentials = KeyedList<ApplicationCredential>(limit: maximumCredentials)
  var data = ApplicationState()

  init() {}

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("name", &name)
    var isManagement = kind == .management
    fields.field("management", &isManagement, default: false)
    kind = isManagement ? .management : .application
    fields.field("allowDelete", &allowsDelete, default: true)
    fields.field("created", &created)
    fields.field("updated", &updated)
    // The short form in a seed: a single secret.
    var secret: String?
    fields.field("secret", &secret)
    if let secret {
      _ = credentials.insert(ApplicationCredential(secret: secret), at: ApplicationCredential.first)
    }
    fields.field("credentials", &credentials)
    data.exchange(&fields)
  }
}

/// A secret key of an application.
struct ApplicationCredential: StoredRecord {
  /// The identifier of an application's first credential.
  static let first = Identifier("default")

  var name = ""
  var secret = ""
  var isActive = true
  /// Names of the scopes that tokens made with it may have; nil for all.
  var scopes: [String]?
  var created = Timestamp(seconds: 0)
  var updated = Timestamp(seconds: 0)

  init() {}

  init(secret: String, name: String = "Default") {
    self.secret = secret
    self.name = name
  }

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("name", &name)
    fields.field("secret", &secret)
    fields.field("active", &isActive, default: true)
    var kept = scopes ?? []
    fields.field("scopes", &kept)
    scopes = kept.isEmpty ? nil : kept
    fields.field("created", &created)
    fields.field("updated", &updated)
  }
}
