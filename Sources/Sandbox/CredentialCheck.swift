internal import LocalServer
internal import SCORMCloudAPI

/// What came in the `Authorization` field, once it proved valid.
struct Credential {
  enum Kind: String, Sendable {
    case none, basic, token
  }

  let kind: Kind
  let application: SandboxApplication
  /// Names of the scopes that a token grants; empty for the others.
  var scopes: [String] = []
}

/// Decides who calls, and whether they may.
struct CredentialCheck {
  let applications: [SandboxApplication]
  let now: Timestamp

  /// The application with `secret` as Basic, or that of a token that is valid now. Throws a 401.
  func credential(in authorization: String?) throws(Refusal) -> Credential {
    guard let authorization else { throw .unauthorized() }
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { throw .unauthorized() }
    switch parts[0].lowercased() {
    case "basic": return Credential(kind: .basic, application: try basic(parts[1]))
    case "bearer": return try bearer(String(parts[1]))
    default: throw .unauthorized()
    }
  }

  private func basic(_ encoded: Substring) throws(Refusal) -> SandboxApplication {
    guard let bytes = Base64.standard.decode(encoded), let colon = bytes.firstIndex(of: 0x3A),
      let application = applications.first(where: {
        isSame(Array($0.id.utf8), Array(bytes[..<colon]))
      }),
      isSame(Array(application.secret.utf8), Array(bytes[(colon + 1)...]))
    else { throw .unauthorized("Provided credentials are invalid.") }
    return application
  }

  private func bearer(_ token: String) throws(Refusal) -> Credential {
    let claims = AccessTokenSigner().claims(in: token) { id in
      applications.first { $0.id == id }?.secret
    }
    guard let claims, let application = applications.first(where: { $0.id == claims.appID })
    else {
      throw .unauthorized("Provided credentials are invalid: this token was not issued here.")
    }
    guard now < claims.expiry else {
      throw .unauthorized("Provided credentials are invalid: the token has expired.")
    }
    return Credential(kind: .token, application: application, scopes: claims.scopes)
  }

  /// Throws a 403 unless `credential` reaches `operation`: the right kind of application, and for a token
  /// one of the operation's scopes, or `admin`.
  func authorize(_ credential: Credential, for operation: Operation) throws(Refusal) {
    switch operation.credential {
    case .none: return
    case .eitherApplication:
      guard credential.kind == .basic else {
        throw .unauthorized("Tokens are issued for an application's id and secret only.")
      }
      return
    case .application:
      guard credential.application.kind == .application else {
        throw .message(
          403, "The App Management application may call App Management only, not \(operation.name)."
        )
      }
    case .management:
      guard credential.application.kind == .management else {
        throw .message(403, "\(operation.name) needs the App Management application's credentials.")
      }
    }
    guard credential.kind == .token, !credential.scopes.contains(Scope.admin.name.description)
    else { return }
    let names = operation.scopes.map(\.name.description)
    guard names.contains(where: credential.scopes.contains) else {
      throw .message(
        403, "\(operation.name) needs a token with one of: \(names.joined(separator: ", ")).")
    }
  }
}
