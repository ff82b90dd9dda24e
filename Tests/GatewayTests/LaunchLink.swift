import Foundation
import Testing

extension GatewayRig {
  /// Makes the sandbox issue a launch link, as a service does: uploads a course, registers a learner, and requests the
  /// link.
  ///
  /// - Parameters:
  ///   - learner: the first name of the learner.
  ///   - exit: where the learner is sent after the course.
  func launchLink(learner: String, exit: String) throws -> String {
    let upload = try call(
      "POST", "/api/v2/courses/importJobs?courseId=golf", ["Content-Type: application/json"],
      body: #"{"url":"https://example.com/golf.zip"}"#)
    let job = try #require(upload.json["result"] as? String)
    let isImported = try (0..<10).contains { _ in
      try call("GET", "/api/v2/courses/importJobs/\(job)").json["status"] as? String == "COMPLETE"
    }
    try #require(isImported)
    let registration = try call(
      "POST", "/api/v2/registrations", ["Content-Type: application/json"],
      body:
        #"{"courseId":"golf","registrationId":"r1","learner":{"id":"l1","firstName":"\#(learner)"}}"#
    )
    try #require(registration.status / 100 == 2)
    let link = try call(
      "POST", "/api/v2/registrations/r1/launchLink", ["Content-Type: application/json"],
      body: #"{"redirectOnExitUrl":"\#(exit)"}"#)
    return try #require(link.json["launchLink"] as? String)
  }
}
