/// A seed before the sandbox is started with it.
package enum SeedCheck {
  /// What a saved snapshot holds besides: the clock and faults are the sandbox's options, not its data.
  private static let leftOut = ["clock", "faults"]

  /// The document that a sandbox begins with: `{"applications": […]}`, a list of applications by itself, or a
  /// snapshot.
  package static func beginning(_ document: JSONValue) -> JSONValue {
    switch document {
    case .array: .object([JSONMember("applications", document)])
    case .object(let members): .object(members.filter { !leftOut.contains($0.name) })
    default: document
    }
  }

  /// Every mistake of a beginning.
  package static func problems(of beginning: JSONValue) -> [StoredProblem] {
    var realm = Realm(SandboxSettings(), now: Timestamp(seconds: 0))
    return realm.restore(beginning)
  }
}
