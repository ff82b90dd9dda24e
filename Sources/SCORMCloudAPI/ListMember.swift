/// The member of a paged answer that holds the list: its elements go on with the next page. The others, but for `more`,
/// say the same on each page.
package enum ListMember: UInt8, Sendable, CaseIterable {
  /// The answer is not a paged list.
  case none
  case applications, courses, destinations, dispatches, invitations, registrations, statements
  case userInvitations, xapiCredentials

  /// Its name in the answer, ASCII; empty for ``none``.
  package var name: StaticString {
    switch self {
    case .none: ""
    case .applications: "applications"
    case .courses: "courses"
    case .destinations: "destinations"
    case .dispatches: "dispatches"
    case .invitations: "invitations"
    case .registrations: "registrations"
    case .statements: "statements"
    case .userInvitations: "userInvitations"
    case .xapiCredentials: "xapiCredentials"
    }
  }
}
