internal import LocalServer
internal import TextCoding

/// Invitations: public ones with a link, private ones by mail. No mail is sent. The registrations exist, and the links
/// lead to the sandbox.
enum InvitationOperations {
  /// Time from a private invitation until the last of its mails is sent, in milliseconds.
  static let mailDelay = 1_000
  /// Maximum number of addresses per invitation.
  static let maximumAddresses = 1_000

  static func rule(_ member: String) -> ListRule<Document> {
    ListRule(
      member: member,
      texts: [
        ("invitation_id", { $0.identifier.text }),
        ("course_id", { $0.value.text("courseId") }),
        ("creating_user_email", { $0.value.text("creatingUserEmail") }),
      ],
      created: { $0.value.created }, updated: { $0.value.updated }, tags: { $0.value.tags.texts })
  }

  private static let userRule = ListRule<Document>(
    member: "userInvitations",
    texts: [
      ("email", { $0.value.text("email") }),
      ("user_email", { $0.value.text("email") }),
      ("registration_id", { $0.value.text("registrationId") }),
    ],
    created: { $0.value.created }, updated: { $0.value.updated }, tags: nil)

  // Schemas.

  /// `InvitationSummarySchema`.
  private static func summary(_ identifier: Identifier, _ invitation: Document) -> JSONValue {
    [
      "id": .string(identifier.text), "courseId": .string(invitation.text("courseId")),
      "isPublic": invitation["isPublic"] ?? false,
      "createDate": .string(invitation.created.text),
      "updated": .string(invitation.updated.text),
    ]
  }

  /// `PublicInvitationSchema` or `PrivateInvitationSchema`.
  private static func value(
    _ identifier: Identifier, _ invitation: Document, _ state: ApplicationState, _ call: CloudCall,
    _ query: FormFields
  ) -> JSONValue {
    let isPublic = invitation["isPublic"] == true
    let course = invitation.text("courseId")
    var value: JSONValue = ["id": .string(identifier.text), "courseId": .string(course)]
    value.set("courseTitle", .string(state.courses[Identifier(course)]?.title ?? ""))
    value.take(["allowLaunch"], from: invitation.fields)
    if isPublic {
      value.take(["allowNewRegistrations"], from: invitation.fields)
      value.set("url", .string(LaunchLink.url(.invitation, identifier, call)))
    } else {
      value.take(["invitationEmail"], from: invitation.fields)
    }
    value.set("createDate", .string(invitation.created.text))
    value.set("updated", .string(invitation.updated.text))
    value.take(["postBack", "expirationDate"], from: invitation.fields)
    if isPublic { value.take(["registrationCap"], from: invitation.fields) }
    if query.isTrue("includeRegistrationCount") {
      let users = invitation["users"]?.elements ?? []
      value.set("registrationCount", .integer(users.count))
      if !isPublic {
        value.set("launchedRegistrationCount", .integer(users.count { state.isStarted($0) }))
      }
    }
    return value
  }

  // Create.

  private static func new(
    _ body: JSONValue, isPublic: Bool, _ state: ApplicationState, _ call: CloudCall
  ) throws(Refusal) -> Document {
    guard let course = Identifier(checking: body["courseId"]?.string) else {
      throw .message(400, "courseId of 1 to 255 characters is required.")
    }
    _ = try state.course(course)
    guard let email = body["creatingUserEmail"]?.string, email.utf8.contains(UInt8(ascii: "@"))
    else { throw .message(400, "creatingUserEmail must be an e-mail address.") }
    if let postBack = body["postBack"], postBack != .null { try PostbackOperations.check(postBack) }
    var invitation = Document(
      ["isPublic": .boolean(isPublic), "allowLaunch": true, "users": []], created: call.now)
    invitation.fields.take(
      ["courseId", "creatingUserEmail", "postBack", "expirationDate"], from: body)
    try invitation.tags.add(body["tags"]?.strings ?? [])
    return invitation
  }

  static func createPublic(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    var invitation = try new(body, isPublic: true, state, call)
    invitation["allowNewRegistrations"] = true
    invitation["registrationCap"] = .integer(max(0, body["registrationCap"]?.integer ?? 0))
    let identifier = try insert(invitation, &state)
    return .value(value(identifier, invitation, state, call, call.query))
  }

  /// Registers the addresses and answers that the mails are being sent.
  static func createPrivate(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    var invitation = try new(body, isPublic: false, state, call)
    let addresses = body["invitationEmail"]?["addresses"]?.strings ?? []
    guard !addresses.isEmpty, addresses.count <= maximumAddresses,
      addresses.allSatisfy({ $0.utf8.contains(UInt8(ascii: "@")) })
    else {
      throw .message(
        400, "invitationEmail.addresses must be 1 to \(maximumAddresses) e-mail addresses.")
    }
    invitation.fields.take(["invitationEmail"], from: body)
    invitation["jobStatus"] = "STARTED"
    let option = body["duplicateRegistrationOption"]?.string?.uppercased() ?? "SEND_EXISTING"
    let identifier = try insert(invitation, &state)
    var errors: [String] = []
    for address in addresses {
      do { try state.invite(address, to: identifier, option, call.now) } catch {
        errors.append("\(address): \(error.body["message"]?.string ?? "")")
      }
    }
    let found = errors
    state.invitations.update(identifier) { $0["errors"] = .strings(found) }
    state.deferred.append(
      DeferredWork(kind: .invitation, subject: identifier.text, delay: mailDelay))
    return .value(summary(identifier, invitation))
  }

  private static func insert(_ invitation: Document, _ state: inout ApplicationState)
    throws(Refusal) -> Identifier
  {
    let identifier = state.identifiers.identifier()
    guard state.invitations.insert(invitation, at: identifier) else {
      throw .full(state.invitations.limit, "invitations")
    }
    return identifier
  }

  // Look up and list.

  private static func isMeant(_ invitation: Document, _ scan: ListScan, isPublic: Bool?) -> Bool {
    (isPublic.map { invitation["isPublic"] == .boolean($0) } ?? true)
      && scan.includes(invitation.identifier("courseId"), named: "courseId")
  }

  static func all(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    return try scan.page(
      of: state.invitations, rule("invitations"),
      where: { isMeant($0.value, scan, isPublic: nil) }, value: summary)
  }

  static func list(isPublic: Bool) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let scan = try ListScan(call)
      return try scan.page(
        of: state.invitations, rule("invitations"),
        where: { isMeant($0.value, scan, isPublic: isPublic) },
        value: { value($0, $1, state, call, scan.filters) })
    }
  }

  private static func find(_ state: ApplicationState, _ call: CloudCall, isPublic: Bool)
    throws(Refusal) -> (identifier: Identifier, invitation: Document)
  {
    let identifier = try call.parameter(0)
    let invitation = try state.invitation(identifier)
    guard invitation["isPublic"] == .boolean(isPublic) else {
      throw .missing("invitation", identifier)
    }
    return (identifier, invitation)
  }

  static func get(isPublic: Bool) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let (identifier, invitation) = try find(state, call, isPublic: isPublic)
      return .value(value(identifier, invitation, state, call, call.query))
    }
  }

  static func jobStatus(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let invitation = try find(state, call, isPublic: false).invitation
    let addresses = invitation["invitationEmail"]?["addresses"]?.elements?.count ?? 0
    let status = invitation["jobStatus"] ?? "COMPLETE"
    return .value([
      "status": status, "errors": invitation["errors"] ?? [], "total": .integer(addresses),
      "processed": .integer(status == "STARTED" ? 0 : addresses),
    ])
  }

  /// Changes the fields that the body names (client: "Only non-null values that are provided will be updated").
  static func update(isPublic: Bool) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let (identifier, _) = try find(state, call, isPublic: isPublic)
      let body = try call.object()
      if let postBack = body["postBack"], postBack != .null {
        try PostbackOperations.check(postBack)
      }
      state.invitations.update(identifier) { invitation in
        invitation.fields.take(["allowLaunch", "postBack", "expirationDate"], from: body)
        if isPublic {
          invitation.fields.take(["allowNewRegistrations", "registrationCap"], from: body)
        } else if let email = body["invitationEmail"], email != .null {
          var kept = invitation["invitationEmail"] ?? [:]
          kept.take(["subject", "body"], from: email)
          invitation["invitationEmail"] = kept
        }
        invitation.updated = call.now
      }
      let invitation = try state.invitation(identifier)
      return .value(value(identifier, invitation, state, call, call.query))
    }
  }

  /// The invited users, each with their registration.
  static func users(isPublic: Bool) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let (identifier, invitation) = try find(state, call, isPublic: isPublic)
      let scan = try ListScan(call)
      let users = invitation["users"]?.elements ?? []
      var list = KeyedList<Document>(limit: users.count)
      for user in users {
        var found = Document(user, created: invitation.created)
        found.updated = state.registration(of: user)?.updated ?? invitation.created
        _ = list.insert(found, at: Identifier(found.text("registrationId")))
      }
      return try scan.page(of: list, userRule) { registration, user in
        userValue(identifier, registration, user, state, call, scan.filters)
      }
    }
  }

  /// `UserInvitationSchema`.
  private static func userValue(
    _ invitation: Identifier, _ registration: Identifier, _ user: Document,
    _ state: ApplicationState, _ call: CloudCall, _ query: FormFields
  ) -> JSONValue {
    let name = PercentCoding.encodeForm(registration.text)
    var value: JSONValue = [
      "email": .string(user.text("email")),
      "url": .string("\(LaunchLink.url(.invitation, invitation, call))?registrationId=\(name)"),
      "isStarted": .boolean(state.isStarted(user.fields)),
      "updated": .string(user.updated.text), "registrationId": .string(registration.text),
    ]
    if query.isTrue("includeRegistrationReport"),
      let found = state.registration(of: user.fields)
    {
      let progress = found.latest.progress ?? Progress.none(nil)
      var report: JSONValue = [
        "complete": progress["registrationCompletion"] ?? "UNKNOWN",
        "success": progress["registrationSuccess"] ?? "UNKNOWN",
        "totalSecondsTracked": progress["totalSecondsTracked"] ?? 0,
      ]
      report.take(["score"], from: progress)
      value.set("registrationReport", report)
    }
    return value
  }
}

extension ApplicationState {
  /// The registration created for an invited user.
  func registration(of user: JSONValue) -> Registration? {
    Identifier(checking: user["registrationId"]?.string).flatMap { registrations[$0] }
  }

  func isStarted(_ user: JSONValue) -> Bool {
    registration(of: user)?.latest.launches.isEmpty == false
  }

  /// Marks the mails as sent.
  mutating func finishInvitationJob(_ identifier: Identifier, _ now: Timestamp) {
    invitations.update(identifier) { $0["jobStatus"] = "COMPLETE" }
  }

  /// Registers an address for an invitation, or uses its existing registration for the course, as
  /// `duplicateRegistrationOption` says (`CreatePrivateInvitationSchema`).
  ///
  /// - Returns: the registration.
  @discardableResult
  mutating func invite(
    _ address: String, to identifier: Identifier, _ option: String, _ now: Timestamp
  ) throws(Refusal) -> Identifier {
    let invitation = try invitation(identifier)
    let course = Identifier(invitation.text("courseId"))
    let old = registrations.identifiers {
      $0.value.course == course && $0.value.invitation != nil && $0.value.learner.email == address
    }.last
    var registration = old
    switch (old, option) {
    case (_?, "FAIL"):
      throw .message(400, "has already received an invitation to the course")
    case (let old?, "INSTANCE_EXISTING"): try addInstance(to: old, now)
    case (_?, "SEND_EXISTING"): break
    default: registration = nil
    }
    let chosen: Identifier
    if let registration {
      chosen = registration
    } else {
      chosen = identifiers.identifier()
      var new = Registration()
      new.course = course
      new.learner.identifier = Identifier(address)
      new.learner.email = address
      new.created = now
      new.postBack = invitation["postBack"]
      new.invitation = identifier
      let version = try self.course(course).latest.number
      new.instances = [instance(number: 0, courseVersion: version, now: now)]
      guard registrations.insert(new, at: chosen) else {
        throw .full(registrations.limit, "registrations")
      }
    }
    let user: JSONValue = ["email": .string(address), "registrationId": .string(chosen.text)]
    invitations.update(identifier) { invitation in
      let users = invitation["users"]?.elements ?? []
      if !users.contains(user) { invitation["users"] = .array(users + [user]) }
    }
    return chosen
  }
}
