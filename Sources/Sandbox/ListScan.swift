internal import LocalServer
internal import SCORMCloudAPI
internal import TextCoding

/// What a list operation filters and orders by, as the official clients document it.
struct ListRule<Value: Sendable>: Sendable {
  typealias Item = KeyedList<Value>.Slot
  typealias Text = @Sendable (Item) -> String

  /// The list's member in the answer.
  let member: String
  /// What `filterBy` and, with `_asc` or `_desc`, `orderBy` may name. The first is what `filter` is about by
  /// itself.
  let texts: [(name: String, text: Text)]
  let created: @Sendable (Item) -> Timestamp
  let updated: @Sendable (Item) -> Timestamp
  let tags: (@Sendable (Item) -> [String])?
  /// What `since` and `until` are about by themselves: `created` or `updated`.
  var times = "updated"
  var order = "updated_asc"
  /// The list's order of arrival is that of creation: a walk in that order may end early.
  var isChronological = false
}

/// One walk through a list, page by page: filters, position and the `more` token that carries both.
///
/// With `more`, other filters of the query are ignored, since those of the first page persist inside the
/// token. The position is the last item's place in the order, not a number of items, so nothing is given
/// twice or left out when the list changes between two pages. The token is standard base64 and always holds
/// `+`, `/` and `=`, so that an intermediary that decodes and re-encodes a query wrongly breaks it.
struct ListScan {
  /// Items a page. SCORM Cloud has no parameter for it.
  static let pageSize = 10
  /// Three bytes that base64 writes as `+//+`.
  private static let mark: [UInt8] = [0xFB, 0xFF, 0xFE]

  /// A place in an order: what is ordered by, then the order of arrival.
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
  /// The query that the filters stand in: this one's, or the first page's.
  private let rawFilters: String
  let filters: FormFields
  /// The last item of the page before; nil for the first page.
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
    // One byte over a multiple of three: the encoding ends in `==`.
    while (ListScan.mark.count + text.utf8.count) % 3 != 1 { text += "." }
    return Base64.standard.encode(ListScan.mark + Array(text.utf8))
  }

  /// The identifier that the filter called `name` asks for; nil when it asks for none.
  func wanted(_ name: String) -> Identifier? {
    filters[name].flatMap { $0.isEmpty ? nil : Identifier($0) }
  }

  /// Whether `identifier` is the one that the filter called `name` asks for.
  func includes(_ identifier: Identifier?, named name: String) -> Bool {
    wanted(name).map { $0 == identifier } ?? true
  }

  /// The page of `list` at this position; `more` is absent on the last one.
  func page<Value: Sendable>(
    of list: KeyedList<Value>, _ rule: ListRule<Value>,
    where isMeant: (KeyedList<Value>.Slot) -> Bool = { _ in true },
    value: (Identifier, Value) -> JSONValue
  ) throws(Refusal) -> LocalResponse {
    let filter = try ListFilter(filters, rule)
    let order = try ListOrder(filters, rule)
    var found: [(place: Place, item: KeyedList<Value>.Slot)] = []
    var total = 0
    // The best of those behind the last page, in order, and one more that tells whether there are others.
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

  /// The page of `items` at this position, in the order in which they are.
  func page(of items: [JSONValue], named name: String) -> LocalResponse {
    let start = min(max(0, after?.number ?? 0), items.count)
    let end = min(start + ListScan.pageSize, items.count)
    var members = [JSONMember(name, .array(Array(items[start..<end])))]
    if end < items.count { members.append(JSONMember("more", .string(token(Place(number: end))))) }
    return answer(members, items.count)
  }

  /// Whether the answer tells how many items there are in all.
  private var countsAll: Bool { after == nil && filters.isTrue("includeTotalCount") }

  private func answer(_ members: [JSONMember], _ total: Int) -> LocalResponse {
    var response = LocalResponse.value(.object(members))
    if countsAll {
      response.fields.append((name: "X-Total-Count", value: String(total)))
    }
    return response
  }
}
