/// Which credential an operation accepts. It depends on the operation, never on a path prefix: below `/appManagement/`
/// there are operations of all kinds except `none`.
package enum CredentialKind: UInt8, CaseIterable, Sendable {
  /// An ordinary application's: OAuth token or Basic.
  case application
  /// The App Management application's, of which an account has one: OAuth token or Basic.
  case management
  /// Basic with either of the two, never a token: the two token endpoints.
  case eitherApplication
  /// None; attaching one would hand it to a browser redirect.
  case none

  /// The name in listings, as in the catalogue's source.
  package var name: StaticString {
    switch self {
    case .application: "application"
    case .management: "management"
    case .eitherApplication: "either"
    case .none: "none"
    }
  }
}
