/// The names of the API catalogue that a configuration may mention.
package struct CatalogueNames: Sendable {
  /// Operations, such as `GetCourses`.
  package let operations: [String]
  /// Services, such as `course`.
  package let services: [String]
  /// OAuth scopes, such as `read:course`.
  package let scopes: [String]
  /// Operations whose bodies hold secrets or whose answers are secrets. They are never recorded.
  package let secretBearing: [String]
  /// Operations whose answers are credentials.
  package let sensitive: [String]

  package init(
    operations: [String], secretBearing: [String] = [], sensitive: [String] = [],
    services: [String] = CatalogueNames.publishedServices,
    scopes: [String] = CatalogueNames.publishedScopes
  ) {
    self.operations = operations
    self.secretBearing = secretBearing
    self.sensitive = sensitive
    self.services = services
    self.scopes = scopes
  }

  /// The services of SCORM Cloud API v2.
  package static let publishedServices = [
    "about", "applicationManagement", "authentication", "contentConnectors", "course", "dispatch",
    "invitations", "learner", "ping", "registration", "reporting", "xapi",
  ]

  /// The scopes that SCORM Cloud's authentication service page lists
  /// (cloud.scorm.com/docs/api_reference/v2/endpoints/authenticationservice).
  package static let publishedScopes: [String] = {
    var scopes = ["read", "write", "delete", "admin"]
    let full = [
      "course", "dispatch", "invitation", "registration", "xapicredential", "xapipipe", "appmgmt",
    ]
    for service in full { scopes += ["read:\(service)", "write:\(service)", "delete:\(service)"] }
    scopes += ["read:ping", "read:reporting", "read:learner", "write:learner", "read:about"]
    return scopes
  }()
}
