internal import LocalServer

/// Learners exist as far as registrations name them.
enum LearnerOperations {
  /// Longest name or address of a learner, in bytes.
  static let maximumText = 255

  /// The learner that a `LearnerSchema` describes.
  static func learner(_ identifier: Identifier, _ value: JSONValue) throws(Refusal)
    -> Registration.Learner
  {
    func text(_ name: String) throws(Refusal) -> String {
      let text = value[name]?.string ?? ""
      guard text.utf8.count <= maximumText else {
        throw .message(400, "learner.\(name) is longer than \(maximumText) bytes.")
      }
      return text
    }
    return Registration.Learner(
      identifier: identifier, email: try text("email"), firstName: try text("firstName"),
      lastName: try text("lastName"))
  }

  /// Gives the learner new names in every registration.
  static func update(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    try require(identifier, in: state)
    let learner = try learner(identifier, try call.object())
    for entry in state.registrations.entries where entry.value.learner.identifier == identifier {
      _ = state.registrations.update(entry.identifier) { registration in
        registration.learner = learner
        registration.updated = call.now
      }
    }
    return .done
  }

  /// Deletes every registration of the learner. `userEmail`, the address of who asks, is required.
  static func deleteAll(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    guard let email = call.query["userEmail"], email.utf8.contains(UInt8(ascii: "@")) else {
      throw .message(400, "userEmail is required.")
    }
    try require(identifier, in: state)
    for entry in state.registrations.entries where entry.value.learner.identifier == identifier {
      state.removeRegistration(entry.identifier)
    }
    state.tags.remove(Thing(.learner, identifier))
    return .done
  }

  static func require(_ identifier: Identifier, in state: ApplicationState) throws(Refusal) {
    let isKnown = state.registrations.entries.contains {
      $0.value.learner.identifier == identifier
    }
    guard isKnown else { throw .missing("learner", identifier) }
  }
}
