/// What an operation's answer gives away when it is a credential: something that works past the gateway, and for
/// more than one launch.
///
/// Links that a browser opens once (a launch, a preview) are none: they are what the API is for. Nor is what callers
/// stored themselves, such as a postback's password within an invitation; of those no body is recorded
/// (`Operation.isSecretBearing`), and that is all.
package enum AnswerSecret: UInt8, CaseIterable, Sendable {
  case none
  /// `credential`, `pensCredential`.
  case apiKey
  /// `access_token`, or the `result` of `CreateToken`.
  case accessToken
  /// `secret` of an xAPI credential.
  case recordStoreKey
  /// `password` of a pipe's source and target.
  case pipePasswords
  /// `sharedSecret` of LTI 1.1.
  case platformSecret
  /// `queryString`, or a link with the same within.
  case reportageSession
  /// `configuration`, whose form is the connector's own.
  case connectorKeys

  /// The name in the table's source.
  package var name: StaticString {
    switch self {
    case .none: "-"
    case .apiKey: "api-key"
    case .accessToken: "access-token"
    case .recordStoreKey: "lrs-key"
    case .pipePasswords: "pipe-passwords"
    case .platformSecret: "lti-secret"
    case .reportageSession: "reportage-session"
    case .connectorKeys: "connector-keys"
    }
  }

  /// What stands behind "answers with", for errors and listings.
  package var text: StaticString {
    switch self {
    case .none: "nothing secret"
    case .apiKey: "an application's secret key"
    case .accessToken: "an access token"
    case .recordStoreKey: "the secret of a credential for the learning record store"
    case .pipePasswords: "the passwords of the record stores that a pipe joins"
    case .platformSecret:
      "the shared secret with which a platform signs LTI launches"
    case .reportageSession: "a session of Reportage, which shows the results of every learner"
    case .connectorKeys: "a connector's configuration, which may hold its keys to another service"
    }
  }
}
