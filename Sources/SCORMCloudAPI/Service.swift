/// The official clients' grouping of operations. Limits and policies refer to it.
package enum Service: UInt8, CaseIterable, Sendable {
  case about, applicationManagement, authentication, contentConnectors, course, dispatch
  case invitations, learner, ping, registration, reporting, xapi

  /// The service with this name; `nil` if there is none.
  package init?(name: String) {
    guard let found = Service.allCases.first(where: { $0.name.description == name }) else {
      return nil
    }
    self = found
  }

  /// The name in configuration and listings.
  package var name: StaticString {
    switch self {
    case .about: "about"
    case .applicationManagement: "applicationManagement"
    case .authentication: "authentication"
    case .contentConnectors: "contentConnectors"
    case .course: "course"
    case .dispatch: "dispatch"
    case .invitations: "invitations"
    case .learner: "learner"
    case .ping: "ping"
    case .registration: "registration"
    case .reporting: "reporting"
    case .xapi: "xapi"
    }
  }
}
