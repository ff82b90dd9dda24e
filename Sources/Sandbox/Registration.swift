/// A learner's registration for a course.
struct Registration: Sendable {
  struct Learner: Sendable {
    var identifier: Identifier
    var email: String
    var firstName: String
    var lastName: String

    /// `LearnerSchema`.
    var value: JSONValue {
      [
        "id": .string(identifier.text), "email": .string(email), "firstName": .string(firstName),
        "lastName": .string(lastName),
      ]
    }
  }

  let identifier: Identifier
  let course: Identifier
  let courseVersion: Int
  var learner: Learner
  let created: Timestamp
  var updated: Timestamp
  /// Instances from the first to the newest, by number; deleted ones are missing.
  var instances: [Int] = [0]

  /// `RegistrationSchema`: a registration that was never launched.
  func value(instance: Int, courseTitle: String, tags: [String]) -> JSONValue {
    [
      "id": .string(identifier.text), "instance": .integer(instance),
      "updated": .string(updated.text), "registrationCompletion": "UNKNOWN",
      "registrationSuccess": "UNKNOWN", "totalSecondsTracked": 0,
      "createdDate": .string(created.text),
      "course": [
        "id": .string(course.text), "title": .string(courseTitle),
        "version": .integer(courseVersion),
      ],
      "learner": learner.value, "tags": .strings(tags),
    ]
  }
}
