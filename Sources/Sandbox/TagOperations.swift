internal import LocalServer

/// The four tag operations that six kinds of things have alike.
enum TagOperations {
  static func get(_ kind: Thing.Kind) -> Behaviour {
    { (state, call) throws(Refusal) in
      let identifier = try call.parameter(0)
      try require(kind, identifier, in: state)
      return .value(["tags": .strings(state.tags[Thing(kind, identifier)])])
    }
  }

  static func put(_ kind: Thing.Kind) -> Behaviour {
    { (state, call) throws(Refusal) in
      let identifier = try call.parameter(0)
      try require(kind, identifier, in: state)
      state.tags[Thing(kind, identifier)] = try tags(try call.object())
      return .done
    }
  }

  /// Removes the tags named in the body, which a DELETE carries here.
  static func delete(_ kind: Thing.Kind) -> Behaviour {
    { (state, call) throws(Refusal) in
      let identifier = try call.parameter(0)
      try require(kind, identifier, in: state)
      let gone = try tags(try call.object())
      state.tags[Thing(kind, identifier)].removeAll { gone.contains($0) }
      return .done
    }
  }

  /// Puts the same tags on several things: all of them, or none when one does not exist.
  static func putBatch(_ kind: Thing.Kind) -> Behaviour {
    { (state, call) throws(Refusal) in
      let body = try call.object()
      guard let names = body["ids"]?.strings else { throw .message(400, "ids are required.") }
      let tags = try tags(body)
      let identifiers = names.map { Identifier($0) }
      for identifier in identifiers { try require(kind, identifier, in: state) }
      for identifier in identifiers { state.tags[Thing(kind, identifier)] = tags }
      return .done
    }
  }

  private static func tags(_ body: JSONValue) throws(Refusal) -> [String] {
    guard let tags = body["tags"]?.strings else {
      throw .message(400, "tags must be a list of texts.")
    }
    try TagBook.check(tags)
    return tags
  }

  private static func require(
    _ kind: Thing.Kind, _ identifier: Identifier, in state: ApplicationState
  ) throws(Refusal) {
    switch kind {
    case .course: _ = try state.course(identifier)
    case .registration: _ = try state.registration(identifier)
    case .destination: _ = try state.destination(identifier)
    case .dispatch: _ = try state.dispatch(identifier)
    case .learner: try LearnerOperations.require(identifier, in: state)
    // Invitations are not simulated, so there is none.
    case .invitation: throw .missing("invitation", identifier)
    case .application: break
    }
  }
}
