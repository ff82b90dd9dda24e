internal import LocalServer

/// Imports: upload or fetch a course, then poll until it exists.
enum ImportJobOperations {
  /// Size in bytes of a course that was not uploaded.
  private static let fetchedSize = 65_536

  /// Multipart upload.
  static func upload(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard call.contentType.hasPrefix("multipart/form-data"), call.contentType.contains("boundary=")
    else { throw .message(400, "The upload must be multipart/form-data with a boundary.") }
    return try start(&state, call, size: call.bodySize, content: nil) {
      CourseUpload(call, type: call.uploadedType)
    }
  }

  /// Import from a URL. Nothing is fetched: the course gets a fixed size.
  static func fetch(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    guard let url = body["url"]?.string, LaunchLink.isURL(url) else {
      throw .message(400, "A valid url to fetch the course from is required.")
    }
    return try start(&state, call, size: fetchedSize, content: media(body))
  }

  /// The newer form of ``fetch(_:_:)``, which can also name media files and connectors.
  static func withoutUpload(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    if let reference = body["connectorReferenceRequest"], reference != .null {
      let connector = Identifier(reference["connectorId"]?.string ?? "")
      guard state.connectors[connector] != nil else { throw .missing("connector", connector) }
      return try start(&state, call, size: fetchedSize, content: nil)
    }
    guard let request = body["fetchRequest"] ?? body["mediaFileReferenceRequest"], request != .null
    else { throw .message(400, "The request must say where the course comes from.") }
    guard let url = request["url"]?.string, LaunchLink.isURL(url) else {
      throw .message(400, "A valid url to fetch the course from is required.")
    }
    return try start(&state, call, size: fetchedSize, content: media(request))
  }

  /// What a request says about the content to import: `MediaFileMetadataSchema`.
  private static func media(_ request: JSONValue) -> JSONValue? {
    guard let metadata = request["mediaFileMetadata"], metadata != .null else { return nil }
    return self.metadata(metadata)
  }

  static func metadata(_ metadata: JSONValue) -> JSONValue {
    var kept: JSONValue = [:]
    kept.set("title", metadata["title"])
    kept.set("description", metadata["description"])
    kept.set("titleLanguage", metadata["contentLanguage"])
    kept.set("duration", metadata["estimatedDuration"]?.integer.map { .string("PT\($0)S") })
    return kept
  }

  private static func start(
    _ state: inout ApplicationState, _ call: CloudCall, size: Int, content: JSONValue?,
    upload: () -> CourseUpload? = { nil }
  ) throws(Refusal) -> LocalResponse {
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
    try TagList.check(tags)
    let postback = call.query["postbackUrl"].flatMap { $0.isEmpty ? nil : $0 }
    if let postback, !LaunchLink.isURL(postback) {
      throw .message(400, "postbackUrl [\(postback)] is not a valid URL")
    }
    state.jobs.makeRoom()
    let identifier = state.identifiers.identifier()
    var job = ImportJob()
    job.course = course
    job.title = content?["title"]?.string ?? course.text
    job.size = size
    job.tags = tags
    job.mayCreateNewVersion = mayCreateNewVersion
    job.postbackURL = postback
    job.content = content
    if let upload = upload() {
      job.version = upload.version
      job.size = upload.version.size
      job.content = upload.version.metadata
      job.warnings = upload.warnings
      job.languages = upload.languages
      job.fault = upload.fault ?? ""
      if !upload.title.isEmpty { job.title = upload.title }
    }
    job.started = call.milliseconds
    _ = state.jobs.insert(job, at: identifier)
    if case .after(let nanoseconds) = state.completion {
      let delay = Int(clamping: nanoseconds / 1_000_000)
      state.deferred.append(
        DeferredWork(kind: .import, subject: identifier.text, delay: delay))
    }
    return .value(["result": .string(identifier.text)])
  }

  static func status(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    guard state.jobs[identifier] != nil else { throw .missing("import job", identifier) }
    state.jobs.update(identifier) { $0.polls += 1 }
    if case .poll = state.completion {
      state.settleImports(call.milliseconds, call.now, call.application)
    }
    guard let job = state.jobs[identifier] else { throw .missing("import job", identifier) }
    return .value(job.value(identifier))
  }
}

extension ApplicationState {
  /// Ends the imports that are due, in the order they began. Their courses appear.
  mutating func settleImports(_ milliseconds: Int, _ now: Timestamp, _ application: Identifier) {
    for identifier in jobs.identifiers(where: { $0.value.isRunning }) {
      guard var job = jobs[identifier] else { continue }
      switch completion {
      case .poll(let number): guard job.polls >= number else { continue }
      case .after(let nanoseconds):
        guard milliseconds - job.started >= Int(clamping: nanoseconds / 1_000_000) else { continue }
      }
      complete(&job, now)
      let done = job
      jobs.update(identifier) { $0 = done }
      if let url = done.postbackURL {
        send(
          ["url": .string(url), "authType": "httpbasic"], done.value(identifier), application,
          now: now)
      }
    }
  }

  private mutating func complete(_ job: inout ImportJob, _ now: Timestamp) {
    guard job.fault.isEmpty else { return job.fail(job.fault) }
    var version = job.version
    version.created = now
    version.updated = now
    version.size = job.size
    version.metadata = job.content
    if courses[job.course] != nil {
      // Another import may have created the course first.
      guard job.mayCreateNewVersion else {
        return job.fail("Course [\(job.course)] already exists")
      }
      courses.update(job.course) { $0.add(version) }
    } else {
      guard courses.insert(Course(title: job.title, version), at: job.course) else {
        return job.fail("The sandbox keeps at most \(courses.limit) courses per application.")
      }
    }
    let tags = job.tags
    courses.update(job.course) { try? $0.tags.add(tags) }
    guard let course = courses[job.course] else { return job.fail("The course is gone.") }
    job.status = "COMPLETE"
    job.message = "Import successful"
    job.result = [
      "webPathToCourse": .string("/content/courses/\(job.course)/\(course.latest.number)"),
      "parserWarnings": .strings(job.warnings),
      "courseLanguages": .strings(job.languages.isEmpty ? ["en"] : job.languages),
      "course": CourseOperations.value(
        job.course, course, course.latest, self, FormFields("includeCourseMetadata=true")),
    ]
  }
}
