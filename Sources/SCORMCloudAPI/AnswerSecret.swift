/// The credential that an operation's answer reveals: something that works without the gateway, and for more than one
/// launch.
///
/// Links that a browser opens once (a launch, a preview) do not count: they are what the API is for. Nor does what
/// callers stored themselves, such as a postback's password in an invitation. Bodies with those are only kept out of
/// the record (`Operation.isSecretBearing`).
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
  /// `queryString`, or a link that contains it.
  case reportageSession
  /// `configuration`, whose format depends on the connector.
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

  /// The text that follows "answers with", in errors and listings.
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
