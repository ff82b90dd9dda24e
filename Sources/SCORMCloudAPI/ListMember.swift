/// The member of a paged answer with the list, whose elements continue on the next page. The other members, except
/// `more`, are the same on each page.
package enum ListMember: UInt8, Sendable, CaseIterable {
  /// The answer is not a paged list.
  case none
  case applications, courses, destinations, dispatches, invitations, registrations, statements
  case userInvitations, xapiCredentials

  /// The member's name in the answer, in ASCII; empty for ``none``.
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
