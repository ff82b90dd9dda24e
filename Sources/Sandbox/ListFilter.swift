/// Selects the items of a list: `since`, `until`, `tags`, and `filter` in the field that `filterBy` names.
struct ListFilter<Value: Sendable> {
  private let rule: ListRule<Value>
  private let since: Timestamp?
  private let until: Timestamp?
  private let time: @Sendable (KeyedList<Value>.Slot) -> Timestamp
  private let tags: [String]
  /// In lower case; empty if there is no `filter`.
  private let wanted: [UInt8]
  private let isASCII: Bool
  private let text: ListRule<Value>.Text?

  /// Throws a 400 for a filter that the list does not support.
  init(_ filters: FormFields, _ rule: ListRule<Value>) throws(Refusal) {
    self.rule = rule
    since = try ListFilter.moment("since", filters)
    until = try ListFilter.moment("until", filters)
    let named = ListFilter.value("datetimeFilter", filters) ?? rule.times
    switch named.lowercased() {
    case "created": time = rule.created
    case "updated": time = rule.updated
    default: throw .message(400, "datetimeFilter must be created or updated, not [\(named)].")
    }
    tags = ListFilter.value("tags", filters)?.split(separator: ",").map(String.init) ?? []
    wanted = Array((filters["filter"] ?? "").lowercased().utf8)
    isASCII = wanted.allSatisfy { $0 < 0x80 }
    if let field = ListFilter.value("filterBy", filters) {
      guard let found = rule.texts.first(where: { $0.name == field.lowercased() }) else {
        let names = rule.texts.map(\.name).joined(separator: ", ")
        throw .message(400, "filterBy must be one of \(names), not [\(field)].")
      }
      text = found.text
    } else {
      text = rule.texts.first?.text
    }
  }

  private static func value(_ name: String, _ filters: FormFields) -> String? {
    filters[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func moment(_ name: String, _ filters: FormFields) throws(Refusal) -> Timestamp? {
    guard let text = value(name, filters) else { return nil }
    guard let moment = Timestamp(text) else {
      throw .message(400, "\(name) is not a valid ISO 8601 date.")
    }
    return moment
  }

  func includes(_ item: KeyedList<Value>.Slot) -> Bool {
    if since != nil || until != nil {
      let time = time(item)
      if let since, time < since { return false }
      if let until, time > until { return false }
    }
    if !tags.isEmpty {
      let present = rule.tags?(item) ?? []
      guard tags.contains(where: present.contains) else { return false }
    }
    guard !wanted.isEmpty, let text else { return true }
    return contains(text(item))
  }

  private func contains(_ text: String) -> Bool {
    // ASCII text is compared byte by byte. Other text needs `lowercased`, which knows its upper and lower case.
    isASCII
      ? text.utf8Span.span.contains(wanted.span)
      : text.lowercased().utf8Span.span.contains(wanted.span)
  }
}

extension Span<UInt8> {
  /// Whether `wanted` occurs, ignoring the case of ASCII letters. `wanted` is in lower case and not empty.
  fileprivate func contains(_ wanted: Span<UInt8>) -> Bool {
    guard wanted.count <= count else { return false }
    let first = wanted[0]
    for start in extracting(first: count - wanted.count + 1).indices
    where self[start].inLowerCase == first {
      var length = 1
      while length < wanted.count, self[start + length].inLowerCase == wanted[length] {
        length += 1
      }
      if length == wanted.count { return true }
    }
    return false
  }
}

/// The order of a list: `orderBy`.
struct ListOrder<Value: Sendable> {
  let isDescending: Bool
  let isByCreation: Bool
  let time: (@Sendable (KeyedList<Value>.Slot) -> Timestamp)?
  let text: ListRule<Value>.Text?

  /// Throws a 400 for an order that the list does not support.
  init(_ filters: FormFields, _ rule: ListRule<Value>) throws(Refusal) {
    let asked = filters["orderBy"] ?? ""
    let name = (asked.isEmpty ? rule.order : asked).lowercased()
    isDescending = name.hasSuffix("_desc")
    let field = name.hasSuffix("_asc") ? name.dropLast(4) : name.dropLast(isDescending ? 5 : 0)
    let isComplete = isDescending || name.hasSuffix("_asc")
    isByCreation = field == "created"
    switch field {
    case "created" where isComplete: (time, text) = (rule.created, nil)
    case "updated" where isComplete: (time, text) = (rule.updated, nil)
    default:
      guard isComplete, let found = rule.texts.first(where: { $0.name == field }) else {
        let names = (["created", "updated"] + rule.texts.map(\.name)).joined(separator: ", ")
        throw .message(400, "orderBy must be one of \(names), with _asc or _desc, not [\(asked)].")
      }
      (time, text) = (nil, found.text)
    }
  }
}

extension UInt8 {
  /// Maps A to Z to a to z.
  fileprivate var inLowerCase: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
