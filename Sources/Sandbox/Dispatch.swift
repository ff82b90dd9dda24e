/// A place that courses are dispatched to.
struct Destination: Sendable {
  var name: String
  var hashesUserInfo = false
  let created: Timestamp
  var updated: Timestamp
}

/// A course dispatched to a destination.
struct Dispatch: Sendable {
  let destination: Identifier
  let course: Identifier
  var isEnabled = true
  var allowsNewRegistrations = true
  var isInstanced = false
  /// Most registrations; 0 is no limit.
  var registrationCap = 0
  var hashesUserInfo = false
  let created: Timestamp
  var updated: Timestamp
}

extension ApplicationState {
  func destination(_ identifier: Identifier) throws(Refusal) -> Destination {
    guard let destination = destinations[identifier] else {
      throw .missing("destination", identifier)
    }
    return destination
  }

  func dispatch(_ identifier: Identifier) throws(Refusal) -> Dispatch {
    guard let dispatch = dispatches[identifier] else { throw .missing("dispatch", identifier) }
    return dispatch
  }

  mutating func removeDispatch(_ identifier: Identifier) {
    _ = dispatches.remove(identifier)
    forgetDetails(of: .dispatch, identifier)
  }
}
