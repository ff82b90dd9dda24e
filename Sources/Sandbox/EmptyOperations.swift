internal import LocalServer

/// Operations on things that the sandbox has none of.
enum EmptyOperations {
  /// A list without items. A `more` token cannot have come from here, so it is refused.
  static func list(_ name: StaticString) -> Behaviour {
    { (_, call) throws(Refusal) in
      try ListScan(call).page(of: [JSONValue](), named: name.description) { $0 }
    }
  }

  /// 404 for the thing that the path names.
  static func missing(_ kind: StaticString, parameter: Int = 0) -> Behaviour {
    { (_, call) throws(Refusal) in
      throw .missing(kind, try call.parameter(parameter))
    }
  }

  /// 302 to the page that a browser would be sent to.
  static func ltiLaunch(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    LocalResponse(
      status: 302,
      fields: [
        (
          name: "Location",
          value: "https://cloud.scorm.com/sandbox-lti-launch/\(Identifier.random())"
        )
      ])
  }
}
