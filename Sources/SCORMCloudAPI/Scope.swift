/// An OAuth scope that SCORM Cloud publishes (authentication service page of its API reference).
///
/// `read`, `write` and `delete` apply to every service, `read:course` to one, `admin` to everything including account
/// management. The published list may be longer than this one.
package enum Scope: UInt8, CaseIterable, Sendable {
  case read, write, delete, admin
  case readAbout
  case readAppmgmt, writeAppmgmt, deleteAppmgmt
  case readCourse, writeCourse, deleteCourse
  case readDispatch, writeDispatch, deleteDispatch
  case readInvitation, writeInvitation, deleteInvitation
  case readLearner, writeLearner
  case readPing
  case readRegistration, writeRegistration, deleteRegistration
  case readReporting
  case readXapicredential, writeXapicredential, deleteXapicredential
  case readXapipipe, writeXapipipe, deleteXapipipe

  /// The scope with this text in requests; `nil` if it is not a published one.
  package init?(name: String) {
    guard let found = Scope.allCases.first(where: { $0.name.description == name }) else {
      return nil
    }
    self = found
  }

  /// The scope as written in a token request: `read:course`.
  package var name: StaticString {
    switch self {
    case .read: "read"
    case .write: "write"
    case .delete: "delete"
    case .admin: "admin"
    case .readAbout: "read:about"
    case .readAppmgmt: "read:appmgmt"
    case .writeAppmgmt: "write:appmgmt"
    case .deleteAppmgmt: "delete:appmgmt"
    case .readCourse: "read:course"
    case .writeCourse: "write:course"
    case .deleteCourse: "delete:course"
    case .readDispatch: "read:dispatch"
    case .writeDispatch: "write:dispatch"
    case .deleteDispatch: "delete:dispatch"
    case .readInvitation: "read:invitation"
    case .writeInvitation: "write:invitation"
    case .deleteInvitation: "delete:invitation"
    case .readLearner: "read:learner"
    case .writeLearner: "write:learner"
    case .readPing: "read:ping"
    case .readRegistration: "read:registration"
    case .writeRegistration: "write:registration"
    case .deleteRegistration: "delete:registration"
    case .readReporting: "read:reporting"
    case .readXapicredential: "read:xapicredential"
    case .writeXapicredential: "write:xapicredential"
    case .deleteXapicredential: "delete:xapicredential"
    case .readXapipipe: "read:xapipipe"
    case .writeXapipipe: "write:xapipipe"
    case .deleteXapipipe: "delete:xapipipe"
    }
  }
}
