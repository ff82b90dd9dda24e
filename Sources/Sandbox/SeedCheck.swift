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

extension Realm {
  /// Gives what a seed left without a date the moment of the beginning.
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
