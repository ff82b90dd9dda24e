internal import LocalServer

/// A kind of record that has tags.
enum Tagged: Sendable {
  case course, registration, learner, invitation, destination, dispatch
}

/// Reads, adds and removes tags of one record, and adds tags to several at once.
enum TagOperations {
  static func get(_ kind: Tagged) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let identifier = try call.parameter(0)
      let tags = try state.withTags(kind, identifier) { $0.texts }
      return .value(["tags": .strings(tags)])
    }
  }

  /// Adds the body's tags to the existing ones (client: "Add tags to a Course").
  static func put(_ kind: Tagged) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let identifier = try call.parameter(0)
      let new = try tags(try call.object())
      try state.withTags(kind, identifier) { (tags) throws(Refusal) in try tags.add(new) }
      return .done
    }
  }

  /// Removes the body's tags. A tag that the record does not have is not an error.
  static func delete(_ kind: Tagged) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let identifier = try call.parameter(0)
      let old = try tags(try call.object())
      try state.withTags(kind, identifier) { $0.remove(old) }
      return .done
    }
  }

  /// Adds tags to several records. If one does not exist or would have too many tags, none is changed.
  static func putBatch(_ kind: Tagged) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let body = try call.object()
      guard let names = body["ids"]?.strings else { throw .message(400, "ids are required.") }
      let new = try tags(body)
      for name in names {
        try state.withTags(kind, Identifier(name)) { (tags) throws(Refusal) in
          var copy = tags
          try copy.add(new)
        }
      }
      for name in names {
        try state.withTags(kind, Identifier(name)) { (tags) throws(Refusal) in try tags.add(new) }
      }
      return .done
    }
  }

  private static func tags(_ body: JSONValue) throws(Refusal) -> [String] {
    guard let tags = body["tags"]?.strings else {
      throw .message(400, "tags must be a list of texts.")
    }
    try TagList.check(tags)
    return tags
  }
}

extension ApplicationState {
  /// Reads or changes the tags of a record. Throws a 404 if it does not exist.
  mutating func withTags<Result>(
    _ kind: Tagged, _ identifier: Identifier,
    _ body: (inout TagList) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    func documents(_ list: inout KeyedList<Document>, _ name: StaticString) throws(Refusal)
      -> Result
    {
      let result = try list.update(identifier) { (thing) throws(Refusal) in try body(&thing.tags) }
      guard let result else { throw .missing(name, identifier) }
      return result
    }
    switch kind {
    case .course:
      let result = try courses.update(identifier) { (course) throws(Refusal) in
        try body(&course.tags)
      }
      guard let result else { throw .missing("course", identifier) }
      return result
    case .registration:
      let result = try registrations.update(identifier) { (registration) throws(Refusal) in
        try body(&registration.tags)
      }
      guard let result else { throw .missing("registration", identifier) }
      return result
    case .learner:
      try requireLearner(identifier)
      if learners[identifier] == nil {
        guard learners.insert(Document(), at: identifier) else {
          throw .full(learners.limit, "learners with tags")
        }
      }
      return try documents(&learners, "learner")
    case .invitation: return try documents(&invitations, "invitation")
    case .destination: return try documents(&destinations, "destination")
    case .dispatch: return try documents(&dispatches, "dispatch")
    }
  }
}
