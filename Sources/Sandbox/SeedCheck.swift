/// Checks a seed before the sandbox starts with it.
package enum SeedCheck {
  /// Other members of a saved snapshot. Clock and faults are options of the sandbox, not its data.
  private static let leftOut = ["clock", "faults"]

  /// The document that a sandbox starts with: `{"applications": […]}`, a bare list of applications, or a snapshot.
  package static func beginning(_ document: JSONValue) -> JSONValue {
    switch document {
    case .array: .object([JSONMember("applications", document)])
    case .object(let members): .object(members.filter { !leftOut.contains($0.name) })
    default: document
    }
  }

  /// Every mistake in a start document.
  package static func problems(of beginning: JSONValue) -> [StoredProblem] {
    var realm = Realm(SandboxSettings(), now: Timestamp(seconds: 0))
    return realm.restore(beginning)
  }
}

extension Realm {
  /// Sets dates that a seed leaves out to the start time.
  mutating func date(_ now: Timestamp) {
    func set(_ moment: inout Timestamp) { if moment.seconds == 0 { moment = now } }
    applications.updateAll { _, application in
      set(&application.created)
      set(&application.updated)
      application.credentials.updateAll { _, credential in
        set(&credential.created)
        set(&credential.updated)
      }
      application.data.courses.updateAll { _, course in
        for number in course.versions.map(\.number) {
          course.update(number) { version in
            set(&version.created)
            set(&version.updated)
          }
        }
      }
      application.data.registrations.updateAll { _, registration in
        set(&registration.created)
        for place in registration.instances.indices {
          set(&registration.instances[place].updated)
        }
      }
      application.data.registrations.sort(by: \.created)
      for list in [
        \ApplicationState.destinations, \.dispatches, \.invitations, \.xapiCredentials,
        \.statementPipes, \.connectors,
      ] {
        application.data[keyPath: list].updateAll { _, document in
          set(&document.created)
          set(&document.updated)
        }
      }
    }
  }
}
