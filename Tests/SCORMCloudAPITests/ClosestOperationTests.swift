import Testing

@testable import SCORMCloudAPI

@Suite("Closest operation")
struct ClosestOperationTests {
  @Test(
    "A mistyped path is answered with what was probably meant",
    arguments: [
      ("GET", "/course", "GetCourses"),
      ("GET", "/Courses", "GetCourses"),
      ("GET", "/courses/", "GetCourses"),
      ("GET", "/course/c1", "GetCourse"),
      ("DELETE", "/course/c1", "DeleteCourse"),
      ("GET", "/courses/c1/version", "GetCourseVersions"),
      ("GET", "/courses/c1/zipp", "GetCourseZip"),
      ("GET", "/courses/importJob/j1", "GetImportJobStatus"),
      ("PUT", "/courses/tag", "PutCourseTagsBatch"),
      ("GET", "/registration/r1", "GetRegistrationProgress"),
      ("HEAD", "/registration/r1", "GetRegistration"),
      ("POST", "/registrations/r1/launchlink", "BuildRegistrationLaunchLink"),
      ("POST", "/registrations/r1/launch", "BuildRegistrationLaunchLink"),
      ("GET", "/dispatches", "GetDispatches"),
      ("GET", "/dispatch/dispatch", "GetDispatches"),
      ("GET", "/api/v2/courses", "GetCourses"),
      ("GET", "/learners/l1/tags", "GetLearnerTags"),
      ("GET", "/reporting/acountInfo", "GetAccountInfo"),
      ("GET", "/pong", "PingAppId"),
    ])
  func sensible(method: String, path: String, name: String) {
    #expect(OperationTable.closest(to: path, method: method).name.description == name)
  }

  @Test("Every operation is closest to itself")
  func itself() {
    for operation in OperationTable.all {
      let found = OperationTable.closest(
        to: operation.template.description, method: operation.method.name.description)
      #expect(found.index == operation.index, "\(operation.name), not \(found.name)")
    }
  }

  @Test(
    "Any path has an answer, and what lies beyond the bounds does not change it",
    arguments: ["", "/", "////", "\u{0}", "/ü/%"])
  func anything(path: String) {
    let found = OperationTable.closest(to: path, method: "")
    #expect(OperationTable.all.contains { $0.index == found.index })
  }

  @Test("Only seven segments and 24 bytes of each are looked at")
  func bounded() {
    let long = "/courses/" + String(repeating: "x", count: 24)
    let longer = "/courses/" + String(repeating: "x", count: 100_000)
    #expect(
      OperationTable.closest(to: long, method: "GET").index
        == OperationTable.closest(to: longer, method: "GET").index)
    let deep = String(repeating: "/courses", count: 7)
    #expect(
      OperationTable.closest(to: deep, method: "GET").index
        == OperationTable.closest(
          to: deep + String(repeating: "/ping", count: 50_000), method: "GET"
        ).index)
  }
}
