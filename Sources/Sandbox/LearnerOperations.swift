internal import LocalServer

/// Calls for learners. A learner exists only in registrations (client: "learners only exist as information on
/// individual registrations").
enum LearnerOperations {
  /// Renames the learner in every registration. Fields that the body does not name stay unchanged.
  static func update(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    try state.requireLearner(identifier)
    let body = try call.object()
    var checked = Learner()
    try checked.take(body)
    state.registrations.updateAll { _, registration in
      guard registration.learner.identifier == identifier else { return }
      try? registration.learner.take(body)
      registration.update(nil) { $0.updated = call.now }
    }
    return .done
  }

  /// Deletes every registration of the learner. `userEmail`, the address of the person who asks, is required.
  static func deleteAll(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    guard let email = call.query["userEmail"], email.utf8.contains(UInt8(ascii: "@")) else {
      throw .message(400, "userEmail is required.")
    }
    try state.requireLearner(identifier)
    for registration in state.registrations.identifiers(where: {
      $0.value.learner.identifier == identifier
    }) {
      state.registrations.remove(registration)
    }
    state.learners.remove(identifier)
    return .done
  }
}

extension ApplicationState {
  func requireLearner(_ identifier: Identifier) throws(Refusal) {
    var isKnown = false
    registrations.forEachSlot { slot in
      isKnown = isKnown || slot.value.learner.identifier == identifier
    }
    guard isKnown else { throw .missing("learner", identifier) }
  }
}
