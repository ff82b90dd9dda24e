/// The names of the API catalogue that a configuration may mention.
package struct CatalogueNames: Sendable {
  /// Operations, as `GetCourses`.
  package let operations: [String]
  /// Services, as `course`.
  package let services: [String]
  /// OAuth scopes, as `read:course`.
  package let scopes: [String]
  /// Operations whose bodies carry secrets, or whose answers are some: they are never recorded.
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

  /// Services of SCORM Cloud API v2.
  package static let publishedServices = [
    "about", "applicationManagement", "authentication", "contentConnectors", "course", "dispatch",
    "invitations", "learner", "ping", "registration", "reporting", "xapi",
  ]

  /// Scopes published on SCORM Cloud's authentication service page
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
