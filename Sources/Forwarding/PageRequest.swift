internal import HTTPMessages
internal import Memory
package import SCORMCloudAPI

/// What a caller asks for with `X-Scorm-Pages`: a list of many pages as one answer.
package struct PageRequest: Sendable, Equatable {
  private let number: UInt16
  package var form: PageWalk.Form
  /// The member of the answer that contains the list.
  package var list: ListMember

  /// The most pages to fetch, 1 ... ``limit``; nil for all.
  package var pages: Int? { number == 0 ? nil : Int(number) }

  package init(pages: Int?, form: PageWalk.Form, list: ListMember) {
    number = UInt16(pages ?? 0)
    self.form = form
    self.list = list
  }

  /// The highest number of pages that can be asked for.
  package static let limit = 10_000

  /// The values that the field may have, for errors.
  static let expectation = "X-Scorm-Pages is either all or a number of pages from 1 to 10000"

  /// Reads the field's value; nil if it is neither `all` nor a number of pages.
  static func pages(_ value: RawSpan) -> Int?? {
    if value.equalsIgnoringCase("all") { return .some(nil) }
    guard value.byteCount > 0, value.byteCount <= 5 else { return nil }
    var number = 0
    for i in 0..<value.byteCount {
      let digit = value[i] &- 0x30
      guard digit < 10 else { return nil }
      number = number * 10 + Int(digit)
    }
    return (1...limit).contains(number) ? .some(number) : nil
  }
}

/// Which of the two forms of a list a request prefers (RFC 9110 section 12.5.1). Lines are preferred if
/// `application/x-ndjson` has a higher quality than JSON, or the same quality and is named while JSON is only covered
/// by a wildcard.
struct ListPreference {
  /// Quality in thousandths, by how exactly the type is named: by itself, by `application/*`, by `*/*`; -1 if no range
  /// covers it.
  private var lines = -1
  private var json = -1
  private var application = -1
  private var anything = -1

  init() {}

  /// Takes the value of an `Accept` field. What cannot be parsed is ignored.
  mutating func take(_ value: RawSpan) {
    var start = 0
    while start < value.byteCount {
      let end = value.firstIndex(of: UInt8(ascii: ","), from: start)
      takeRange(value.slice(start, end))
      start = end + 1
    }
  }

  private mutating func takeRange(_ element: RawSpan) {
    let typeEnd = element.firstIndex(of: UInt8(ascii: ";"), from: 0)
    let quality = ListPreference.quality(element, from: typeEnd)
    let type = ListPreference.trimmed(element.slice(0, typeEnd))
    if type.equalsIgnoringCase("application/x-ndjson") {
      lines = max(lines, quality)
    } else if type.equalsIgnoringCase("application/json") {
      json = max(json, quality)
    } else if type.equalsIgnoringCase("application/*") {
      application = max(application, quality)
    } else if type.equals("*/*") {
      anything = max(anything, quality)
    }
  }

  var form: PageWalk.Form {
    guard lines > 0 else { return .json }
    if json >= 0 { return lines > json ? .lines : .json }
    return lines >= (application >= 0 ? application : anything) ? .lines : .json
  }

  @_lifetime(copy text)
  private static func trimmed(_ text: RawSpan) -> RawSpan {
    var start = 0
    var end = text.byteCount
    while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
    while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
    return text.slice(start, end)
  }

  /// The weight among the parameters from `start` on, in thousandths (RFC 9110 section 12.4.2).
  private static func quality(_ element: RawSpan, from start: Int) -> Int {
    var at = start
    while at < element.byteCount {
      let end = element.firstIndex(of: UInt8(ascii: ";"), from: at + 1)
      let parameter = trimmed(element.slice(at + 1, end))
      if parameter.byteCount > 2, parameter.slice(0, 2).equalsIgnoringCase("q=") {
        return thousandths(parameter.slice(2, parameter.byteCount))
      }
      at = end
    }
    return 1000
  }

  private static func thousandths(_ text: RawSpan) -> Int {
    var value = 0
    var place = 1000
    for i in 0..<min(text.byteCount, 5) {
      if text[i] == UInt8(ascii: ".") { continue }
      let digit = text[i] &- 0x30
      guard digit < 10 else { return 0 }
      value += Int(digit) * place
      place /= 10
    }
    return min(value, 1000)
  }
}

extension RequestPlanner {
  /// What X-Scorm-Pages asks for, after the operation was found. A request that cannot be fulfilled is refused: an
  /// incomplete list must not be mistaken for a complete one.
  @inline(never)
  func pageRequest(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan, _ plan: RequestPlan
  ) throws(GatewayError) -> PageRequest {
    var asked: Int??
    var preference = ListPreference()
    for i in 0..<fields.count {
      let field = fields[i]
      if field.name == .xScormPages {
        guard asked == nil else {
          throw GatewayError(.malformedRequest, "There is more than one X-Scorm-Pages field.")
        }
        guard let pages = PageRequest.pages(field.value(in: bytes)) else {
          throw GatewayError(.malformedRequest, "\(PageRequest.expectation).")
        }
        asked = .some(pages)
      } else if field.name == .other, field.name(in: bytes).equalsIgnoringCase("accept") {
        preference.take(field.value(in: bytes))
      }
    }
    guard plan.isKnownOperation, head.method == .get else { throw notAList("This call") }
    let operation = OperationTable.operation(at: plan.operation)
    guard operation.isPaged else { throw notAList("\(operation.name)") }
    guard case .http11 = head.version else {
      throw GatewayError(
        .malformedRequest,
        "X-Scorm-Pages needs HTTP/1.1: an HTTP/1.0 caller cannot tell a truncated list from a complete one."
      )
    }
    guard case .none = head.framing else {
      throw GatewayError(.malformedRequest, "A call with X-Scorm-Pages must not have a body.")
    }
    return PageRequest(pages: asked ?? nil, form: preference.form, list: operation.list)
  }

  private func notAList(_ what: String) -> GatewayError {
    GatewayError(
      .pagesNotAList,
      "\(what) does not return a list in pages, so X-Scorm-Pages does not apply; "
        + "leave the field out.")
  }
}
