internal import TextCoding

/// A message to the caller's own system about a registration's progress or the end of an import.
package struct Postback: Sendable, Equatable {
  /// Attempts after the first one (postback page: "We retry failed requests up to 70 times").
  static let maximumRetries = 70
  /// Bounds of the delay before an attempt, in milliseconds (the same page: at least 1 second, at most 15 minutes).
  static let waits = 1_000...900_000
  /// Maximum number of postbacks waiting at a time, per application.
  static let maximumWaiting = 10_000
  /// Any status except 4xx and 5xx is success. That includes a redirect, which is not followed.
  static func isSuccess(_ status: Int) -> Bool { (1..<400).contains(status) }

  /// The application it belongs to.
  package var application: String
  /// Identifies it until it is over; empty for a test postback, which is not repeated.
  package var identifier: String
  package var url: String
  package var contentType: String
  /// The value of `Authorization`; nil for none.
  package var authorization: String?
  package var body: [UInt8]

  /// - Parameter settings: `PostBackSchema`; its `authType` decides the form of the request (postback page).
  init(
    application: String, identifier: String, settings: JSONValue, data: JSONValue
  ) {
    self.application = application
    self.identifier = identifier
    url = settings["url"]?.string ?? ""
    let user = settings["userName"]?.string
    let password = settings["password"]?.string
    if settings["authType"]?.string?.lowercased() == "httpbasic" {
      contentType = "application/json; charset=UTF-8"
      body = Array(data.text.utf8)
      if let user, let password {
        authorization = "Basic " + Base64.standard.encode("\(user):\(password)".utf8)
      }
    } else {
      contentType = "application/x-www-form-urlencoded; charset=UTF-8"
      var form = "data=" + PercentCoding.encodeForm(data.text)
      if let user { form += "&userName=" + PercentCoding.encodeForm(user) }
      if let password { form += "&password=" + PercentCoding.encodeForm(password) }
      body = Array(form.utf8)
    }
  }

  /// The delay in milliseconds before the next attempt after `failures` failures. It doubles each time and is partly
  /// random.
  static func wait(after failures: Int, chance: UInt64) -> Int {
    let longest = min(waits.upperBound, waits.lowerBound << min(failures, 20))
    return max(waits.lowerBound, longest / 2 + Int(chance % UInt64(longest / 2 + 1)))
  }
}

/// The result of a ``Postback``.
package struct PostbackOutcome: Sendable, Equatable {
  package var application: String
  package var identifier: String
  /// The answer's status; 0 if no answer came.
  package var status: Int

  package init(application: String, identifier: String, status: Int) {
    self.application = application
    self.identifier = identifier
    self.status = status
  }
}

/// Sends postbacks for the sandbox. The sandbox must not wait for them, because the caller's system may call the
/// sandbox before it answers.
package struct PostbackPort: Sendable {
  /// Takes over a postback to send. Must not block.
  package var send: @Sendable (Postback) -> Void
  /// Returns the results that arrived since the last call.
  package var takeOutcomes: @Sendable () -> [PostbackOutcome]

  package init(
    send: @escaping @Sendable (Postback) -> Void,
    takeOutcomes: @escaping @Sendable () -> [PostbackOutcome]
  ) {
    self.send = send
    self.takeOutcomes = takeOutcomes
  }
}

extension ApplicationState {
  /// Starts to deliver a postback.
  mutating func send(
    _ settings: JSONValue, _ data: JSONValue, _ application: Identifier, now: Timestamp
  ) {
    let identifier = identifiers.identifier()
    let document = Document(["settings": settings, "data": data, "failures": 0], created: now)
    postbacks.makeRoom()
    _ = postbacks.insert(document, at: identifier)
    attempt(identifier, application)
  }

  /// Sends a postback if it still waits.
  mutating func attempt(_ identifier: Identifier, _ application: Identifier) {
    guard let waiting = postbacks[identifier] else { return }
    outbox.append(
      Postback(
        application: application.text, identifier: identifier.text,
        settings: waiting["settings"] ?? [:], data: waiting["data"] ?? [:]))
  }

  /// Ends a postback, or schedules its next attempt.
  mutating func settle(_ outcome: PostbackOutcome) {
    let identifier = Identifier(outcome.identifier)
    guard let failures = postbacks[identifier]?["failures"]?.integer else { return }
    if Postback.isSuccess(outcome.status) || failures >= Postback.maximumRetries {
      postbacks.remove(identifier)
      return
    }
    postbacks.update(identifier) { $0["failures"] = .integer(failures + 1) }
    let wait = Postback.wait(after: failures, chance: identifiers.number())
    deferred.append(DeferredWork(kind: .postback, subject: outcome.identifier, delay: wait))
  }
}

extension Postback {
  /// The result with this status.
  package func outcome(status: Int) -> PostbackOutcome {
    PostbackOutcome(application: application, identifier: identifier, status: status)
  }
}
