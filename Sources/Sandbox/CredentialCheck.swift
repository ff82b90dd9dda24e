internal import LocalServer
internal import SCORMCloudAPI
internal import TextCoding

/// What the `Authorization` field contained, after it proved valid.
struct Credential {
  enum Kind: String, Sendable {
    case none, basic, token
  }

  let kind: Kind
  let application: Identifier
  let applicationKind: SandboxApplication.Kind
  /// The credential of that application; nil for an operation that needs none.
  var identifier: Identifier?
  /// Names of the scopes that it grants; nil for all.
  var scopes: [String]?
}

/// Decides which application calls, and whether it may.
struct CredentialCheck {
  let applications: KeyedList<Application>
  let now: Timestamp

  /// The application whose secret came as Basic, or whose token came and is valid now. Throws a 401 otherwise.
  func credential(in authorization: String?) throws(Refusal) -> Credential {
    guard let authorization else { throw .unauthorized() }
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2 else { throw .unauthorized() }
    switch parts[0].lowercased() {
    case "basic": return try basic(parts[1])
    case "bearer": return try bearer(String(parts[1]))
    default: throw .unauthorized()
    }
  }

  private func basic(_ encoded: Substring) throws(Refusal) -> Credential {
    guard let bytes = Base64.standard.decode(encoded), let colon = bytes.firstIndex(of: 0x3A),
      let name = String(validating: bytes[..<colon], as: UTF8.self),
      let application = applications[Identifier(name)]
    else { throw .unauthorized("Provided credentials are invalid.") }
    let given = Array(bytes[(colon + 1)...])
    for (identifier, credential) in application.credentials.entries
    where credential.isActive && isSame(Array(credential.secret.utf8), given) {
      return Credential(
        kind: .basic, application: Identifier(name), applicationKind: application.kind,
        identifier: identifier, scopes: credential.scopes)
    }
    throw .unauthorized("Provided credentials are invalid.")
  }

  private func bearer(_ token: String) throws(Refusal) -> Credential {
    let claims = AccessTokenSigner().claims(in: token) { application, credential in
      let found = applications[application]?.credentials[credential]
      return found?.isActive == true ? found?.secret : nil
    }
    guard let claims, let application = applications[claims.application] else {
      throw .unauthorized("Provided credentials are invalid: this token was not issued here.")
    }
    guard now < claims.expiry else {
      throw .unauthorized("Provided credentials are invalid: the token has expired.")
    }
    return Credential(
      kind: .token, application: claims.application, applicationKind: application.kind,
      identifier: claims.credential, scopes: claims.scopes)
  }

  /// Throws a 403 unless `credential` permits `operation`: it must be of the right kind of application, and a token
  /// needs one of the operation's scopes, or `admin`.
  func authorize(_ credential: Credential, for operation: Operation) throws(Refusal) {
    switch operation.credential {
    case .none: return
    case .eitherApplication:
      guard credential.kind == .basic else {
        throw .unauthorized("Tokens are issued for an application's id and secret only.")
      }
      return
    case .application:
      guard credential.applicationKind == .application else {
        throw .message(
          403, "The App Management application may call App Management only, not \(operation.name)."
        )
      }
    case .management:
      guard credential.applicationKind == .management else {
        throw .message(403, "\(operation.name) needs the App Management application's credentials.")
      }
    }
    if operation.method == .delete, applications[credential.application]?.allowsDelete == false {
      throw .message(403, "This application is not allowed to perform delete operations.")
    }
    guard let scopes = credential.scopes, !scopes.contains(Scope.admin.name.description)
    else { return }
    let names = operation.scopes.map(\.name.description)
    guard names.contains(where: scopes.contains) else {
      let what = credential.kind == .token ? "token" : "credential"
      throw .message(
        403, "\(operation.name) needs a \(what) with one of: \(names.joined(separator: ", ")).")
    }
  }
}
