internal import LocalServer
internal import SCORMCloudAPI

/// One walk through a list, page by page: filters, position and the `more` token that carries both.
///
/// With `more`, other filters of the query are ignored, since those of the first page persist inside the
/// token. The token is standard base64 and always holds `+`, `/` and `=`, so that an intermediary that
/// decodes and re-encodes a query wrongly breaks it.
struct ListScan {
  /// Items a page. SCORM Cloud has no parameter for it.
  static let pageSize = 10
  /// Three bytes that base64 writes as `+//+`.
  private static let mark: [UInt8] = [0xFB, 0xFF, 0xFE]

  private let call: CloudCall
  /// The query that the filters stand in: this one's, or the first page's.
  private let rawFilters: String
  let filters: FormFields
  /// How many items were given before this page.
  let offset: Int

  init(_ call: CloudCall) throws(Refusal) {
    self.call = call
    guard let token = call.query["more"], !token.isEmpty else {
      rawFilters = call.rawQuery
      filters = call.query
      offset = 0
      try ListScan.checkTimes(filters)
      return
    }
    guard let bytes = Base64.standard.decode(token), bytes.starts(with: ListScan.mark),
      let text = String(validating: bytes.dropFirst(ListScan.mark.count), as: UTF8.self)
    else { throw .message(400, "The more token is invalid.") }
    let parts = text.split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == call.operation.name.description, let offset = Int(parts[2]),
      offset > 0,
      let query = parts[3].split(separator: "\n", omittingEmptySubsequences: false).first
    else { throw .message(400, "The more token belongs to another list.") }
    guard parts[1] == call.application.id else {
      throw .message(400, "The more token belongs to another application.")
    }
    self.offset = offset
    rawFilters = String(query)
    filters = FormFields(query)
  }

  private static func checkTimes(_ filters: FormFields) throws(Refusal) {
    for name in ["since", "until"] {
      if let text = filters[name], Timestamp(text) == nil {
        throw .message(400, "\(name) is not a valid ISO 8601 date.")
      }
    }
  }

  /// Whether `since` and `until` let an item through. `datetimeFilter` says which time they are about;
  /// `updated` when it is absent.
  func includes(created: Timestamp, updated: Timestamp) -> Bool {
    let time = filters["datetimeFilter"]?.lowercased() == "created" ? created : updated
    if let since = filters["since"].flatMap(Timestamp.init(_:)), time < since { return false }
    if let until = filters["until"].flatMap(Timestamp.init(_:)), time > until { return false }
    return true
  }

  /// Whether an item has any of the tags asked for.
  func includes(tags: [String]) -> Bool {
    guard let wanted = filters["tags"], !wanted.isEmpty else { return true }
    return wanted.split(separator: ",").contains { tags.contains(String($0)) }
  }

  /// Whether `filter` occurs in any of `texts`, whatever `filterBy` says.
  func includes(text texts: [String]) -> Bool {
    guard let wanted = filters["filter"]?.lowercased(), !wanted.isEmpty else { return true }
    return texts.contains { $0.lowercased().contains(wanted) }
  }

  /// Whether `identifier` is the one that the filter called `name` asks for.
  func includes(_ identifier: Identifier, named name: String) -> Bool {
    guard let wanted = filters[name], !wanted.isEmpty else { return true }
    return identifier == Identifier(wanted)
  }

  /// The page of `items` at this position; `more` is absent on the last one.
  func page<Item>(of items: [Item], named name: String, _ value: (Item) -> JSONValue)
    throws(Refusal) -> LocalResponse
  {
    let start = min(offset, items.count)
    let end = min(start + ListScan.pageSize, items.count)
    var members = [JSONMember(name, .array(items[start..<end].map(value)))]
    if end < items.count { members.append(JSONMember("more", .string(token(at: end)))) }
    var response = LocalResponse.value(.object(members))
    if offset == 0 && filters.isTrue("includeTotalCount") {
      response.fields.append((name: "X-Total-Count", value: String(items.count)))
    }
    return response
  }

  private func token(at position: Int) -> String {
    var text =
      "\(call.operation.name)\n\(call.application.id)\n\(position)\n\(rawFilters)\n"
    // One byte over a multiple of three: the encoding ends in `==`.
    while (ListScan.mark.count + text.utf8.count) % 3 != 1 { text += "." }
    return Base64.standard.encode(ListScan.mark + Array(text.utf8))
  }
}
