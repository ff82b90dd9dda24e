internal import LocalServer
internal import SCORMCloudAPI

/// Calls for single files of a course's content.
enum AssetOperations {
  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let files = try state.version(call).files
    return .value([
      "files": .array(
        files.entries.map { entry in
          [
            "path": .string(entry.identifier.text), "size": .integer(entry.value.size),
            "modified": .string(entry.value.modified.text),
          ]
        })
    ])
  }

  private static func path(_ text: String?, _ name: StaticString) throws(Refusal) -> Identifier {
    guard let text, !text.isEmpty, text.utf8.count <= AssetFile.maximumPath,
      !text.split(separator: "/").contains("..")
    else { throw .message(400, "\(name) must be a path within the course.") }
    return Identifier(String(text.drop { $0 == "/" }))
  }

  private static func find(_ state: ApplicationState, _ call: CloudCall) throws(Refusal) -> (
    path: Identifier, file: AssetFile
  ) {
    let path = try path(call.query["relativePath"], "relativePath")
    guard let file = try state.version(call).files[path] else { throw .missing("file", path) }
    return (path, file)
  }

  static func get(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let (path, file) = try find(state, call)
    let uploaded = try state.version(call).content
    let content = file.content ?? uploaded?.file(path.text)
    return .file(
      content.map(LocalBody.bytes) ?? .zeros(count: file.size),
      type: "application/octet-stream")
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let path = try find(state, call).path
    try change(&state, call) { _ = $0.files.remove(path) }
    return .done
  }

  /// A file fetched from a URL. Nothing is fetched: the file gets a fixed size.
  static func fetch(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    guard let url = body["fetchUrl"]?.string, LaunchLink.isURL(url) else {
      throw .message(400, "A valid fetchUrl is required.")
    }
    let path = try path(body["destination"]?.string, "destination")
    let name = url.split(separator: "/").last.map(String.init) ?? url
    return try put(&state, call, path, name: name, size: 1_024, content: nil)
  }

  /// A file uploaded with the request.
  static func upload(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard let form = MultipartForm(call.body, contentType: call.rawContentType) else {
      throw .message(400, "The upload must be multipart/form-data with a boundary.")
    }
    let path = try path(form.text("destination"), "destination")
    let part = form.part("file")
    let content = part.map { Array(call.body[$0.body]) }
    return try put(
      &state, call, path, name: part?.fileName ?? path.text, size: content?.count ?? 0,
      content: content ?? [])
  }

  /// `updateAssetPolicy`: with `reject` the file must be new, with `strict` it must exist, `lax` accepts both (client).
  private static func put(
    _ state: inout ApplicationState, _ call: CloudCall, _ path: Identifier, name: String, size: Int,
    content: [UInt8]?
  ) throws(Refusal) -> LocalResponse {
    let exists = try state.version(call).files[path] != nil
    switch (call.query["updateAssetPolicy"] ?? "lax").lowercased() {
    case "lax", "": break
    case "reject" where exists:
      throw .message(400, "The file [\(path)] exists, and the policy is reject.")
    case "strict" where !exists:
      throw .message(400, "The file [\(path)] does not exist, and the policy is strict.")
    case "reject", "strict": break
    default: throw .message(400, "updateAssetPolicy must be reject, strict or lax.")
    }
    var isTaken = false
    try change(&state, call) { version in
      let file = AssetFile(size: size, modified: call.now, content: content)
      isTaken = version.files.insert(file, at: path)
      version.updated = call.now
    }
    guard isTaken else { throw .full(AssetFile.maximumFiles, "files of a course") }
    return .value(["filename": .string(name), "destination": .string(path.text)])
  }

  private static func change(
    _ state: inout ApplicationState, _ call: CloudCall, _ change: (inout Course.Version) -> Void
  ) throws(Refusal) {
    let number = try state.version(call).number
    state.courses.update(try call.parameter(0)) { $0.update(number, change) }
  }
}
