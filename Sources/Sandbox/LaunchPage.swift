internal import LocalServer
internal import TextCoding

/// The pages that the sandbox's links lead to. They replace the player: a person or a browser test sets what the
/// learner did. `POST /sandbox/progress` does the same without a browser (``ProgressControl``).
enum LaunchPage {
  /// The answer to a request for a page; nil if the path is not one of them.
  static func response(
    to request: LocalRequest, _ realm: inout Realm, _ clock: SandboxClock
  ) -> LocalResponse? {
    guard request.path.hasPrefix(LaunchLink.path) else { return nil }
    let rest = request.path.dropFirst(LaunchLink.path.count)
    for target in [
      LaunchLink.Target.registration, .preview, .invitation, .dispatch,
    ] where rest.hasPrefix(target.rawValue + "/") {
      let name = rest.dropFirst(target.rawValue.count + 1)
      guard let text = PercentCoding.decode(name, plusIsBlank: false),
        let identifier = Identifier(checking: text)
      else { break }
      do {
        return try answer(target, identifier, request, &realm, clock.timestamp)
      } catch {
        return page(
          "Not found", "<p>\((error.body["message"]?.string ?? "").inMarkup)</p>",
          status: error.status)
      }
    }
    return page("Not found", "<p>There is no such page.</p>", status: 404)
  }

  private static func answer(
    _ target: LaunchLink.Target, _ identifier: Identifier, _ request: LocalRequest,
    _ realm: inout Realm, _ now: Timestamp
  ) throws(Refusal) -> LocalResponse {
    guard ["GET", "HEAD", "POST"].contains(request.method) else {
      var refusal = Refusal.message(405, "\(request.method) is not allowed here.")
      refusal.fields = [(name: "Allow", value: "GET, POST")]
      throw refusal
    }
    let owner = realm.applications.entries.first { entry in
      switch target {
      case .registration, .preview: entry.value.data.links[identifier] != nil
      case .invitation: entry.value.data.invitations[identifier] != nil
      case .dispatch: entry.value.data.dispatches[identifier] != nil
      }
    }?.identifier
    guard let owner else { throw .message(404, "This link is not known here.") }
    let answer = try realm.applications.update(owner) { (application) throws(Refusal) in
      switch target {
      case .registration, .preview:
        return try launch(identifier, request, &application.data, owner, now)
      case .invitation: return try invitation(identifier, request, &application.data, now)
      case .dispatch: return try dispatch(identifier, request, &application.data, now)
      }
    }
    guard let answer else { throw .message(404, "This link is not known here.") }
    return answer
  }

  // Pages for a registration's course or a preview.

  private static func launch(
    _ identifier: Identifier, _ request: LocalRequest, _ state: inout ApplicationState,
    _ owner: Identifier, _ now: Timestamp
  ) throws(Refusal) -> LocalResponse {
    guard let link = state.links[identifier] else { throw .message(404, "This link is not known.") }
    let subject = Identifier(link.text("subject"))
    let isPreview = link.text("target") == LaunchLink.Target.preview.rawValue
    let isTracked = !isPreview && link["request"]?["tracking"] != false
    if request.method == "POST" {
      if isTracked {
        let report = try report(FormFields(String(decoding: request.body, as: UTF8.self)))
        try state.finish(subject, instance: link["instance"]?.integer, report, owner, now)
      }
      return exit(link["request"]?["redirectOnExitUrl"]?.string, state)
    }
    guard let until = link["until"]?.integer, now.seconds <= until else {
      throw .message(403, "This launch link has expired.")
    }
    if isTracked, link["instance"] == nil {
      let instance = try state.launch(subject, now)
      state.links.update(identifier) { $0["instance"] = .integer(instance) }
    }
    let course = isPreview ? subject : try state.registration(subject).course
    let title = state.courses[course]?.title ?? course.text
    return page(title, form(isTracked: isTracked))
  }

  private static func report(_ form: FormFields) throws(Refusal) -> ProgressReport {
    var body: JSONValue = [:]
    for name in ["completion", "success", "suspendData"] {
      if let text = form[name], !text.isEmpty { body.set(name, .string(text)) }
    }
    for name in ["score", "seconds"] {
      guard let text = form[name], !text.isEmpty else { continue }
      guard let number = Double(text) else { throw .message(400, "\(name) must be a number.") }
      body.set(name, .number(number))
    }
    for name in ["objectives", "interactions"] {
      guard let text = form[name], !text.isEmpty else { continue }
      guard let value = try? JSONValue(json: Array(text.utf8)) else {
        throw .message(400, "\(name) must be JSON.")
      }
      body.set(name, value)
    }
    return try ProgressReport(body)
  }

  private static func form(isTracked: Bool) -> String {
    guard isTracked else {
      return """
        <p>Nothing is tracked.</p>
        <form method="post"><button>Exit the course</button></form>
        """
    }
    func options(_ words: [String]) -> String {
      words.map { "<option>\($0)</option>" }.joined()
    }
    return """
      <p>This page replaces the course. What you set here becomes the registration's progress.</p>
      <form method="post">
      <p><label>Completion <select name="completion">\(options(["COMPLETED", "INCOMPLETE", "UNKNOWN"]))\
      </select></label>
      <p><label>Success <select name="success">\(options(["PASSED", "FAILED", "UNKNOWN"]))</select></label>
      <p><label>Score <input name="score" type="number" min="0" max="100" step="any" value="100"></label>
      <p><label>Seconds <input name="seconds" type="number" min="0" step="any" value="60"></label>
      <p><label>Objectives (JSON) <textarea name="objectives"></textarea></label>
      <p><label>Interactions (JSON) <textarea name="interactions"></textarea></label>
      <p><button>Exit the course</button>
      </form>
      """
  }

  /// The page the learner sees on leaving (client: `LaunchLinkRequestSchema.redirectOnExitUrl`).
  private static func exit(_ target: String?, _ state: ApplicationState) -> LocalResponse {
    switch target?.lowercased() ?? "message" {
    case "message": return page("Done", "<p>You have left the course.</p>")
    case "closer": return page("Done", "<p>This window can be closed.</p><script>close()</script>")
    case "blank": return page("", "")
    case "":
      let setting = SettingCatalogue.setting("PlayerRedirectOnExitUrl")?.standard ?? ""
      return redirect(state.settings["PlayerRedirectOnExitUrl"] ?? setting)
    default: return redirect(target ?? "")
    }
  }

  private static func redirect(_ url: String) -> LocalResponse {
    LocalResponse(status: 303, fields: [(name: "Location", value: url)])
  }

  // Invitations and dispatches create a registration and redirect to its course.

  private static func invitation(
    _ identifier: Identifier, _ request: LocalRequest, _ state: inout ApplicationState,
    _ now: Timestamp
  ) throws(Refusal) -> LocalResponse {
    let invitation = try state.invitation(identifier)
    try requireOpen(invitation, "allowLaunch", "invitation", now)
    let form = FormFields(String(decoding: request.body, as: UTF8.self))
    let query = FormFields(request.query)
    if let known = Identifier(checking: query["registrationId"]),
      state.registrations[known] != nil
    {
      return lead(to: known, &state, now)
    }
    guard invitation["isPublic"] == true else {
      throw .message(404, "This link is not known here.")
    }
    guard request.method == "POST" else {
      return page(
        "Invitation",
        """
        <form method="post"><p><label>E-mail <input name="email" type="email" required></label>
        <p><label>First name <input name="firstName"></label>
        <p><label>Last name <input name="lastName"></label><p><button>Begin</button></form>
        """)
    }
    guard let email = form["email"], email.utf8.contains(UInt8(ascii: "@")),
      email.utf8.count <= Learner.maximumText
    else { throw .message(400, "An e-mail address is required.") }
    let users = invitation["users"]?.elements ?? []
    let isKnown = users.contains { $0["email"]?.string == email }
    if !isKnown {
      guard invitation["allowNewRegistrations"] != false else {
        throw .message(403, "This invitation takes no new registrations.")
      }
      let cap = invitation["registrationCap"]?.integer ?? 0
      guard cap == 0 || users.count < cap else {
        throw .message(403, "This invitation has all the registrations that it may have.")
      }
    }
    let registration = try state.invite(email, to: identifier, "SEND_EXISTING", now)
    state.registrations.update(registration) { registration in
      registration.learner.firstName = form["firstName"] ?? registration.learner.firstName
      registration.learner.lastName = form["lastName"] ?? registration.learner.lastName
    }
    return lead(to: registration, &state, now)
  }

  private static func requireOpen(
    _ thing: Document, _ flag: String, _ name: StaticString, _ now: Timestamp
  ) throws(Refusal) {
    let expiry = thing["expirationDate"]?.string.flatMap(Timestamp.init(_:))
    guard thing[flag] != false, expiry.map({ now <= $0 }) ?? true else {
      throw .message(403, "This \(name) can no longer be launched.")
    }
  }

  /// Redirects to the registration's course.
  private static func lead(
    to registration: Identifier, _ state: inout ApplicationState, _ now: Timestamp
  ) -> LocalResponse {
    let link = state.open(
      .registration, subject: registration, part: -1, ["redirectOnExitUrl": "message"],
      until: now.seconds + LaunchLink.defaultExpiry, now)
    return redirect("\(LaunchLink.path)\(LaunchLink.Target.registration.rawValue)/\(link)")
  }

  /// Answers when a dispatch's package is opened in another LMS; `learnerId` and the names identify the learner.
  private static func dispatch(
    _ identifier: Identifier, _ request: LocalRequest, _ state: inout ApplicationState,
    _ now: Timestamp
  ) throws(Refusal) -> LocalResponse {
    let dispatch = try state.dispatch(identifier)
    try requireOpen(dispatch, "enabled", "dispatch", now)
    let query = FormFields(request.query)
    let learner = Identifier(checking: query["learnerId"]) ?? Identifier("dispatch-learner")
    let known = state.registrations.identifiers {
      $0.value.dispatch == identifier && $0.value.learner.identifier == learner
    }.last
    if let known { return lead(to: known, &state, now) }
    let cap = dispatch["registrationCap"]?.integer ?? 0
    guard dispatch["allowNewRegistrations"] != false, cap == 0 || dispatch.count < cap else {
      throw .message(403, "This dispatch takes no new registrations.")
    }
    var registration = Registration()
    registration.course = Identifier(dispatch.text("courseId"))
    registration.learner.identifier = learner
    try registration.learner.take([
      "firstName": .string(query["firstName"] ?? ""), "lastName": .string(query["lastName"] ?? ""),
    ])
    registration.created = now
    registration.dispatch = identifier
    let version = try state.course(registration.course).latest.number
    registration.instances = [state.instance(number: 0, courseVersion: version, now: now)]
    let made = state.identifiers.identifier()
    guard state.registrations.insert(registration, at: made) else {
      throw .full(state.registrations.limit, "registrations")
    }
    state.dispatches.update(identifier) { $0["registrationCount"] = .integer($0.count + 1) }
    return lead(to: made, &state, now)
  }

  private static func page(_ title: String, _ body: String, status: Int = 200) -> LocalResponse {
    let text = """
      <!doctype html><html lang="en"><meta charset="utf-8"><title>\(title.inMarkup)</title>
      <h1>\(title.inMarkup)</h1>
      \(body)
      </html>

      """
    return LocalResponse(
      status: status,
      fields: [
        (name: "Content-Type", value: "text/html; charset=utf-8"),
        (name: "Cache-Control", value: "no-store"),
      ],
      body: .bytes(Array(text.utf8)))
  }
}

/// `POST /sandbox/progress`: reports what a learner did, without a browser.
enum ProgressControl {
  /// Takes `{"registrationId": …, "application": …, "instance": …, "completion": …, "success": …,
  /// "score": …, "seconds": …, "objectives": […], "interactions": […], "exit": …}`. Only `registrationId` is
  /// required. Without `application`, the first one that has the registration is used.
  static func answer(_ value: JSONValue, _ realm: inout Realm, _ now: Timestamp)
    throws(Refusal) -> LocalResponse
  {
    guard let identifier = Identifier(checking: value["registrationId"]?.string)
    else { throw .message(400, "registrationId of 1 to 255 characters is required.") }
    let known = [
      "registrationId", "application", "instance", "completion", "success", "score", "seconds",
      "objectives", "interactions", "sharedData", "suspendData", "exit",
    ]
    for member in value.members where !known.contains(member.name) {
      throw .message(
        400, "There is no [\(member.name)]; there are \(known.joined(separator: ", ")).")
    }
    let named = value["application"]?.string.map { Identifier($0) }
    let owner =
      named
      ?? realm.applications.entries.first { $0.value.data.registrations[identifier] != nil }?
      .identifier
    guard let owner else { throw .missing("registration", identifier) }
    let report = try ProgressReport(value)
    let answer = try realm.applications.update(owner) { (application) throws(Refusal) in
      try application.data.finish(
        identifier, instance: value["instance"]?.integer, report, owner, now)
      let registration = try application.data.registration(identifier)
      return application.data.value(
        identifier, registration, registration.latest, FormFields(""))
    }
    guard let answer else { throw .missing("application", owner) }
    return .value(answer)
  }
}
