internal import LocalServer

/// The call that sends a test postback, and the rules for a postback's settings.
enum PostbackOperations {
  /// Throws a 400 if `postBack`, a `PostBackSchema`, has a URL that cannot be posted to.
  static func check(_ postBack: JSONValue) throws(Refusal) {
    guard let url = postBack["url"]?.string, !url.isEmpty else { return }
    guard LaunchLink.isURL(url) else {
      throw .message(400, "postBack.url [\(url)] is not a valid URL")
    }
  }

  /// The parts of a registration that a postback contains, as a query of GetRegistrationProgress would select them.
  static func query(_ format: String?) -> FormFields {
    switch format?.lowercased() {
    case "full":
      FormFields(
        "includeChildResults=true&includeInteractionsAndObjectives=true&includeRuntime=true")
    case "activity": FormFields("includeChildResults=true")
    default: FormFields("")
    }
  }

  /// Sends made-up progress at once (client: "Sends a postback with dummy data"). It is not repeated (postback page).
  static func test(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    guard let url = body["url"]?.string, LaunchLink.isURL(url) else {
      throw .message(400, "A valid url to post to is required.")
    }
    let data: JSONValue = [
      "id": "test-registration", "instance": 0, "updated": .string(call.now.text),
      "registrationCompletion": "COMPLETED", "registrationSuccess": "PASSED",
      "score": ["scaled": 100], "totalSecondsTracked": 60,
      "createdDate": .string(call.now.text),
      "course": ["id": "test-course", "title": "Test Course", "version": 0],
      "learner": [
        "id": "test-learner", "email": "test@example.com", "firstName": "Test",
        "lastName": "Learner",
      ],
    ]
    state.outbox.append(
      Postback(application: call.application.text, identifier: "", settings: body, data: data))
    return .done
  }
}
