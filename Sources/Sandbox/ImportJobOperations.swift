internal import LocalServer

/// Imports: upload or fetch a course, then ask until it is there.
enum ImportJobOperations {
  /// Multipart upload. Only the body's size matters; the content is not looked at.
  static func upload(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard call.contentType.hasPrefix("multipart/form-data"), call.contentType.contains("boundary=")
    else { throw .message(400, "The upload must be multipart/form-data with a boundary.") }
    return try start(&state, call, size: call.bodySize)
  }

  /// Import from elsewhere: nothing is fetched, the course has a size of its own.
  static func fetch(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard let url = try call.object()["url"]?.string, LaunchLink.isURL(url) else {
      throw .message(400, "A valid url to fetch the course from is required.")
    }
    return try start(&state, call, size: 65_536)
  }

  /// The newer form of ``fetch(_:_:)``, which can also name media files and connectors.
  static func withoutUpload(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    guard
      body["fetchRequest"] != nil || body["mediaFileReferenceRequest"] != nil
        || body["connectorReferenceRequest"] != nil
    else { throw .message(400, "The request must say where the course comes from.") }
    return try start(&state, call, size: 65_536)
  }

  private static func start(_ state: inout ApplicationState, _ call: CloudCall, size: Int)
    throws(Refusal) -> LocalResponse
  {
    guard let course = Identifier(checking: call.query["courseId"]) else {
      throw .message(400, "courseId of 1 to 255 characters is required.")
    }
    let mayCreateNewVersion = call.query.isTrue("mayCreateNewVersion")
    if state.courses[course] != nil {
      guard mayCreateNewVersion else { throw .message(409, "Course [\(course)] already exists") }
    } else if state.courses.isFull {
      throw .full(state.courses.limit, "courses")
    }
    let tags = call.query["tags"]?.split(separator: ",").map(String.init) ?? []
    try TagBook.check(tags)
    state.jobs.makeRoom()
    let identifier = Identifier.random()
    let job = ImportJob(
      course: course, title: course.text, size: size, tags: tags,
      mayCreateNewVersion: mayCreateNewVersion, started: call.uptime)
    _ = state.jobs.insert(job, at: identifier)
    return .value(["result": .string(identifier.text)])
  }

  static func status(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    guard state.jobs[identifier] != nil else { throw .missing("import job", identifier) }
    _ = state.jobs.update(identifier) { $0.polls += 1 }
    state.settleImports(call)
    guard let job = state.jobs[identifier] else { throw .missing("import job", identifier) }
    return .value(job.value(identifier))
  }
}

extension ApplicationState {
  /// Ends the imports whose time has come: their courses appear.
  mutating func settleImports(_ call: CloudCall) {
    for (identifier, job) in jobs.entries {
      guard case .running = job.outcome else { continue }
      switch completion {
      case .poll(let number): guard job.polls >= number else { continue }
      case .after(let nanoseconds):
        guard call.uptime &- job.started >= nanoseconds else { continue }
      }
      let outcome = complete(job, now: call.now)
      _ = jobs.update(identifier) { $0.outcome = outcome }
    }
  }

  private mutating func complete(_ job: ImportJob, now: Timestamp) -> ImportJob.Outcome {
    if courses[job.course] != nil {
      // Another import may have been faster than this one.
      guard job.mayCreateNewVersion else {
        return .failed("Course [\(job.course)] already exists")
      }
      _ = courses.update(job.course) { $0.addVersion(size: job.size, now: now) }
    } else {
      let course = Course(identifier: job.course, title: job.title, size: job.size, now: now)
      guard courses.insert(course, at: job.course) else {
        return .failed("The sandbox keeps at most \(courses.limit) courses per application.")
      }
    }
    let thing = Thing(.course, job.course)
    if !job.tags.isEmpty { tags[thing] = job.tags }
    guard let course = courses[job.course] else { return .failed("The course is gone.") }
    return .complete(course.value(course.latest, tags: tags[thing]))
  }
}
