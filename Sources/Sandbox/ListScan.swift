internal import LocalServer
internal import SCORMCloudAPI
internal import TextCoding

/// The fields that a list operation filters and sorts by, as the official clients document them.
struct ListRule<Value: Sendable>: Sendable {
  typealias Item = KeyedList<Value>.Slot
  typealias Text = @Sendable (Item) -> String

  /// The answer's member that holds the list.
  let member: String
  /// Fields that `filterBy` and, with `_asc` or `_desc`, `orderBy` may name. The first is the default of `filterBy`.
  let texts: [(name: String, text: Text)]
  let created: @Sendable (Item) -> Timestamp
  let updated: @Sendable (Item) -> Timestamp
  let tags: (@Sendable (Item) -> [String])?
  /// The default field of `since` and `until`: `created` or `updated`.
  var times = "updated"
  var order = "updated_asc"
  /// Whether the list is ordered by creation. A walk in that order may end early.
  var isChronological = false
}

/// One walk through a list, page by page: filters, position, and the `more` token that holds both.
///
/// With `more`, other filters of the query are ignored, because the token holds those of the first page. The position
/// is the last item's place in the order, not a number of items. So no item is returned twice or skipped if the list
/// changes between two pages. The token is standard base64 and always contains `+`, `/` and `=`, so an intermediary
/// that decodes and re-encodes a query wrongly breaks it.
struct ListScan {
  /// Items per page. SCORM Cloud has no parameter for it.
  static let pageSize = 10
  /// Three bytes that base64 encodes as `+//+`.
  private static let mark: [UInt8] = [0xFB, 0xFF, 0xFE]

  /// A place in an order: the sort key, then the order of arrival.
  private struct Place {
    var seconds = 0
    var text = ""
    var number = 0

    func precedes(_ other: Place, isDescending: Bool) -> Bool {
      let (low, high) = isDescending ? (other, self) : (self, other)
      if low.seconds != high.seconds { return low.seconds < high.seconds }
      if low.text != high.text { return low.text < high.text }
      return low.number < high.number
    }
  }

  private let call: CloudCall
  /// The query that contains the filters: this call's or, with `more`, the first page's.
  private let rawFilters: String
  let filters: FormFields
  /// The last item of the previous page; nil for the first page.
  private let after: Place?

  init(_ call: CloudCall) throws(Refusal) {
    self.call = call
    guard let token = call.query["more"], !token.isEmpty else {
      rawFilters = call.rawQuery
      filters = call.query
      after = nil
      return
    }
    guard let bytes = Base64.standard.decode(token), bytes.starts(with: ListScan.mark),
      let text = String(validating: bytes.dropFirst(ListScan.mark.count), as: UTF8.self)
    else { throw .message(400, "The more token is invalid.") }
    let parts = text.split(separator: "\n", maxSplits: 5, omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0] == call.operation.name.description,
      let seconds = Int(parts[2]), let number = Int(parts[3]),
      let end = parts[5].lastIndex(of: "\n")
    else { throw .message(400, "The more token belongs to another list.") }
    guard parts[1] == call.application.text else {
      throw .message(400, "The more token belongs to another application.")
    }
    after = Place(seconds: seconds, text: String(parts[5][..<end]), number: number)
    rawFilters = String(parts[4])
    filters = FormFields(rawFilters)
  }

  private func token(_ place: Place) -> String {
    var text = "\(call.operation.name)\n\(call.application)\n\(place.seconds)\n\(place.number)\n"
    text += "\(rawFilters)\n\(place.text)\n"
    // One byte more than a multiple of three makes the encoding end in `==`.
    while (ListScan.mark.count + text.utf8.count) % 3 != 1 { text += "." }
    return Base64.standard.encode(ListScan.mark + Array(text.utf8))
  }

  /// The identifier that the filter `name` requires; nil if there is no such filter.
  func wanted(_ name: String) -> Identifier? {
    filters[name].flatMap { $0.isEmpty ? nil : Identifier($0) }
  }

  /// Whether `identifier` passes the filter `name`.
  func includes(_ identifier: Identifier?, named name: String) -> Bool {
    wanted(name).map { $0 == identifier } ?? true
  }

  /// The page of `list` at this position. The last page has no `more`.
  func page<Value: Sendable>(
    of list: KeyedList<Value>, _ rule: ListRule<Value>,
    where isMeant: (KeyedList<Value>.Slot) -> Bool = { _ in true },
    value: (Identifier, Value) -> JSONValue
  ) throws(Refusal) -> LocalResponse {
    let filter = try ListFilter(filters, rule)
    let order = try ListOrder(filters, rule)
    var found: [(place: Place, item: KeyedList<Value>.Slot)] = []
    var total = 0
    // The first items after the previous page, in order, and one more that shows whether another page follows.
    let endsEarly = rule.isChronological && order.isByCreation && !countsAll
    let isWanted = { slot in isMeant(slot) && filter.includes(slot) }
    list.walk(newestFirst: order.isDescending, where: isWanted) { slot in
      total += 1
      let place = Place(
        seconds: order.time?(slot).seconds ?? 0, text: order.text?(slot) ?? "",
        number: slot.number)
      if let after, !after.precedes(place, isDescending: order.isDescending) { return true }
      if found.count > ListScan.pageSize {
        guard let last = found.last, place.precedes(last.place, isDescending: order.isDescending)
        else { return !endsEarly }
        found.removeLast()
      }
      var index = found.count
      while index > 0, place.precedes(found[index - 1].place, isDescending: order.isDescending) {
        index -= 1
      }
      found.insert((place, slot), at: index)
      return true
    }
    let items = found.prefix(ListScan.pageSize)
    var members = [
      JSONMember(rule.member, .array(items.map { value($0.item.identifier, $0.item.value) }))
    ]
    if found.count > ListScan.pageSize, let last = items.last {
      members.append(JSONMember("more", .string(token(last.place))))
    }
    return answer(members, total)
  }

  /// The page of `items` at this position, in the given order.
  func page(of items: [JSONValue], named name: String) -> LocalResponse {
    let start = min(max(0, after?.number ?? 0), items.count)
    let end = min(start + ListScan.pageSize, items.count)
    var members = [JSONMember(name, .array(Array(items[start..<end])))]
    if end < items.count { members.append(JSONMember("more", .string(token(Place(number: end))))) }
    return answer(members, items.count)
  }

  /// Whether the answer contains the total number of items.
  private var countsAll: Bool { after == nil && filters.isTrue("includeTotalCount") }

  private func answer(_ members: [JSONMember], _ total: Int) -> LocalResponse {
    var response = LocalResponse.value(.object(members))
    if countsAll {
      response.fields.append((name: "X-Total-Count", value: String(total)))
    }
    return response
  }
}
