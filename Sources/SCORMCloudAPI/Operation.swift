/// One entry of the API catalogue: what `GetCourses` is, and what the gateway must know to relay it.
///
/// Plain bytes without references: reading an entry costs no reference count.
package struct Operation: Sendable {
  /// The position in `OperationTable.all`.
  package let index: UInt8
  /// The name in the official clients, unique: `GetCourses`.
  package let name: StaticString
  /// The one method it answers; `OperationMatcher` treats `HEAD` as `GET`.
  package let method: OperationMethod
  /// The path below the base path, parameters in braces: `/courses/{courseId}`.
  package let template: StaticString
  /// The group it belongs to, for limits and policies.
  package let service: Service
  /// Which app's credential it takes, and in which form.
  package let credential: CredentialKind
  /// Scopes of which any one suffices, least privileged first. Empty when no token is taken.
  package let scopes: ScopeList
  /// How certain `scopes` is.
  package let certainty: ScopeCertainty
  /// Whether it reads or writes.
  package let access: Access
  /// The member of its answer with the list, if the operation takes and returns `more`, page by page.
  package let list: ListMember
  /// The request body is `multipart/form-data`.
  package let isMultipart: Bool
  /// Deletes a stored entity, content, progress or count. Removing tags or a setting does not count, because one call
  /// restores them.
  package let isDestructive: Bool
  /// Request or answer may contain a password, key or token: never record its bodies.
  package let isSecretBearing: Bool
  /// The credential in the answer. The operation is refused unless the policy says otherwise.
  package let answer: AnswerSecret
  /// The official clients mark it deprecated.
  package let isDeprecated: Bool

  /// What an operation does, whatever its method: building a launch link is a POST that reads.
  package enum Access: UInt8, CaseIterable, Sendable {
    /// Changes nothing that SCORM Cloud stores and has no effect elsewhere.
    case read
    /// Everything else, including issuing a token and sending a test postback.
    case write

    /// The name in configuration and listings.
    package var name: StaticString { self == .read ? "read" : "write" }
  }

  /// Whether it is a list that takes and returns `more`, page by page.
  package var isPaged: Bool { list != .none }

  /// Whether the answer is a credential.
  package var isSensitive: Bool { answer != .none }

  init(
    index: UInt8, name: StaticString, method: OperationMethod, template: StaticString,
    service: Service, credential: CredentialKind, scopes: ScopeList, certainty: ScopeCertainty,
    access: Access, list: ListMember = .none, isMultipart: Bool = false,
    isDestructive: Bool = false, isSecretBearing: Bool = false, isDeprecated: Bool = false,
    answer: AnswerSecret = .none
  ) {
    self.index = index
    self.name = name
    self.method = method
    self.template = template
    self.service = service
    self.credential = credential
    self.scopes = scopes
    self.certainty = certainty
    self.access = access
    self.list = list
    self.isMultipart = isMultipart
    self.isDestructive = isDestructive
    self.isSecretBearing = isSecretBearing
    self.isDeprecated = isDeprecated
    self.answer = answer
  }
}
