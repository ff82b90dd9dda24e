internal import JSONText
package import Memory

/// Combines the pages of a list into one answer. The bytes of page after page go in; the list's bytes, and what to ask
/// for next, come out.
///
/// A page is written completely or not at all: its last member may be a `more` that was seen before, and its last byte
/// may be missing. So the page is kept, within ``Bounds/pageBytes``, until its end has arrived. What does not fit in
/// memory is taken out by the walk's owner (``spillable``), which writes it at the right position (``fileBytes``).
/// Nothing else grows, except eight bytes for each page to recognise a continuation.
///
/// As JSON, the answer is the first page's object as the upstream wrote it. Its list continues with the elements of all
/// pages, and `more` is removed. If the walk ended because it reached the number of pages asked for, `more` is the last
/// member. As lines, each element is on a line of its own, and a last line says how the walk ended.
///
/// **How the relay drives it.** An answer with status 200 is a page. The bytes of its body go to ``received(_:)``, its
/// end to ``pageEnded()``. At ``PageWalkAction/fetchNext`` the relay sends what ``output(at:)`` returns, waits until
/// the caller has taken it, takes a place in the limits, calls ``beginPage()``, and fetches the same target with only
/// the query ``putContinuation(into:)``. At ``PageWalkAction/finish`` it sends the output and ends the answer. At
/// ``PageWalkAction/abort(_:)`` it sends the output, and then what ``putBrokenEnd(problem:into:)`` appends. Lines end
/// properly with that. JSON is left open and the connection is reset, so that the truncated text does not parse. If
/// ``pages`` is 0, nothing was written, and the caller gets the problem as an ordinary answer.
///
/// If a page has to be fetched again (a lost connection, a refused token), it begins with ``beginPage()`` again. If
/// anything else ends the walk from outside, such as a time limit or a refusal by the upstream, call ``abandon()`` and
/// proceed as after an abort. Statuses, waiting, attempts, time and the caller's patience are the exchange's business.
package struct PageWalk: ~Copyable {
  package enum Form: UInt8, Sendable {
    case json
    /// `application/x-ndjson`.
    case lines
  }

  /// The bounds of a walk. A walk of 10,000 pages of 10 items is 1,000 times the largest list seen in practice; a page
  /// of SCORM Cloud has some 100 KB.
  package struct Bounds: Sendable {
    package var pages = 10_000
    package var items = 1_000_000
    /// Bytes of one page.
    package var pageBytes = 64 * 1024 * 1024
    /// Bytes of one page that are held in memory, not counting those that its owner takes out.
    package var memoryBytes = 16 * 1024 * 1024
    /// Bytes of `more` as the upstream writes it, because it has to fit in a request's target.
    package var moreBytes = 4 * 1024

    package init() {}
  }

  private enum Phase {
    /// A page is being read.
    case reading
    /// A page was accepted, and the next one must be fetched.
    case between
    case ended
  }

  /// Empty pages in a row that may bring the same `more`. One more ends the walk.
  private static let patience = 2

  private let form: Form
  private let bounds: Bounds
  /// Number of pages the caller asked for; nil for all.
  private let wanted: Int?
  private var phase = Phase.reading
  private var scan: PageScan
  /// The `more` that the current or next page is asked for with: the content of a JSON string. A broken walk can be
  /// resumed with it.
  private var asked = ByteBuffer()
  private var hasAsked = false
  private var seen: Set<Int> = []
  private var lastSeen: Int?
  private var emptyPages = 0
  /// With JSON, what follows the list in the first page; at the end, what ends the answer.
  private var ending = ByteBuffer()
  /// Where in ``ending`` a `more` is inserted as the last member.
  private var moreOffset = 0
  /// The parts of what the scan kept that must be written now.
  private var first = 0..<0
  private var second = 0..<0
  private var third = 0..<0
  private var writesEnding = false

  /// Pages and items written.
  package private(set) var pages = 0
  package private(set) var items = 0
  /// Items of the first page. With the count of all items, they give an estimate of the number of pages.
  package private(set) var itemsOfFirstPage = 0

  /// - Parameters:
  ///   - list: The name of the member that contains the list, in ASCII.
  ///   - pages: The number the caller asked for, 1 or more; nil for all.
  ///   - more: The continuation the caller began with, as text; nil to begin with the first page.
  package init(
    list: StaticString, form: Form, pages: Int?, from more: RawSpan? = nil,
    bounds: Bounds = Bounds()
  ) {
    precondition(pages ?? 1 > 0 && bounds.pages > 0)
    self.form = form
    self.bounds = bounds
    wanted = pages
    scan = PageScan(list: list, bounds: bounds, keeping: form == .json ? .whole : .lines)
    if let more {
      asked.put(escapingForJSON: more)
      hasAsked = true
      note(PageWalk.hash(more))
    }
  }

  // MARK: Events

  /// Takes the next bytes of the current page.
  package mutating func received(_ bytes: RawSpan) -> PageWalkAction {
    assert(phase == .reading, "bytes of a page that nobody asked for")
    guard phase == .reading else { return .readOn }
    if let error = scan.read(bytes) { return abort(error) }
    return .readOn
  }

  /// Ends the current page, whose framing says that it is complete.
  package mutating func pageEnded() -> PageWalkAction {
    assert(phase == .reading, "the end of a page that nobody asked for")
    guard phase == .reading else { return .readOn }
    if let error = scan.finish() ?? boundsError ?? repeatError() { return abort(error) }
    accept()
    guard scan.hasMore else { return finish(isComplete: true) }
    asked.removeAll()
    asked.put(scan.more)
    hasAsked = true
    if pages == wanted { return finish(isComplete: false) }
    if pages == bounds.pages {
      phase = .ended
      return .abort(.tooManyPages)
    }
    phase = .between
    return .fetchNext
  }

  /// Begins the next page, or the current one again. The previous output has been written or is discarded.
  package mutating func beginPage() {
    assert(phase != .ended, "a page after the end")
    guard phase != .ended else { return }
    phase = .reading
    clearOutput()
    scan.reset(keeping: form == .lines ? .lines : pages == 0 ? .whole : .elements)
  }

  /// Ends the walk for another reason. The current page is not written.
  package mutating func abandon() {
    phase = .ended
    clearOutput()
  }

  // MARK: What comes of them

  /// The number of parts of the output. Any part may be empty; all are valid until the next event.
  package static let outputCount = 4

  /// One part of what must be written now.
  @_lifetime(borrow self)
  package func output(at index: Int) -> RawSpan {
    switch index {
    case 0: return scan.bytes.bytes.slice(first.lowerBound, first.upperBound)
    case 1: return scan.bytes.bytes.slice(second.lowerBound, second.upperBound)
    case 2: return scan.bytes.bytes.slice(third.lowerBound, third.upperBound)
    default: return ending.bytes.slice(0, writesEnding ? ending.count : 0)
    }
  }

  /// Bytes of the whole output, except those that were taken out.
  package var outputByteCount: Int {
    first.count + second.count + third.count + (writesEnding ? ending.count : 0)
  }

  /// Bytes that were taken out and belong in the output, after its part ``partBeforeFile``.
  package private(set) var fileBytes = 0
  package static let partBeforeFile = 1

  /// Bytes of memory the walk holds, not counting eight for each page.
  package var heldBytes: Int {
    scan.heldBytes + asked.allocatedBytes + ending.allocatedBytes
  }

  /// What may be taken out of memory now. It follows what was taken out of this page before.
  package var spillable: RawSpan {
    @_lifetime(borrow self)
    get {
      let range = scan.spillable
      return scan.bytes.bytes.slice(range.lowerBound, range.upperBound)
    }
  }

  /// Removes ``spillable`` from memory, because it was taken out.
  package mutating func spill() {
    assert(phase == .reading, "the page has been read")
    scan.spill()
  }

  /// Whether there is a continuation. Before the first page has brought one, there is none unless the caller gave one.
  package var hasContinuation: Bool { hasAsked }

  /// Appends the query of the next page: `more=` and the continuation, with everything escaped except unreserved
  /// characters (RFC 3986 section 2.3). SCORM Cloud accepts no other parameter with it.
  package func putContinuation(into out: inout ByteBuffer) {
    out.put("more=")
    var text = ByteBuffer()
    JSONString.putText(of: asked.bytes, into: &text)
    for i in 0..<text.count {
      let byte = text.bytes[i]
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        out.put(byte)
      default:
        out.put(UInt8(ascii: "%"))
        out.put(PageWalk.digit(byte >> 4))
        out.put(PageWalk.digit(byte & 0xF))
      }
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

  /// Appends the end of a broken answer. With lines this is the last line, with the JSON object `problem`; with JSON it
  /// is nothing.
  package func putBrokenEnd(problem: RawSpan, into out: inout ByteBuffer) {
    assert(phase == .ended, "a walk that goes on")
    if form == .lines { putLastLine(isComplete: false, problem: problem, into: &out) }
  }
}

// MARK: Decisions

extension PageWalk {
  private var boundsError: PageWalkError? {
    scan.items > bounds.items - items ? .tooManyItems : nil
  }

  /// Returns an error if the page leads back to an earlier one. An empty page may repeat the `more` it was asked for
  /// with, a few times: nothing is written twice, and the next page may have items.
  private mutating func repeatError() -> PageWalkError? {
    guard scan.hasMore else { return nil }
    var text = ByteBuffer()
    JSONString.putText(of: scan.more.bytes, into: &text)
    let token = PageWalk.hash(text.bytes)
    if seen.contains(token) {
      guard token == lastSeen, scan.items == 0, emptyPages < PageWalk.patience else {
        return .repeatedMore
      }
      emptyPages += 1
    } else {
      note(token)
      emptyPages = scan.items == 0 ? 1 : 0
    }
    return nil
  }

  private mutating func note(_ token: Int) {
    seen.insert(token)
    lastSeen = token
  }

  /// SipHash with the process's key, so that no one can choose continuations that collide. Among 10,000, two collide
  /// once in 10^11 walks.
  private static func hash(_ text: RawSpan) -> Int {
    var hasher = Hasher()
    for i in 0..<text.byteCount { hasher.combine(text[i]) }
    return hasher.finalize()
  }

  /// Moves the page to the output.
  private mutating func accept() {
    if form == .json, pages == 0 {
      splitFirstPage()
    } else if scan.items > 0 {
      let start = scan.elementsStart
      // If all pages so far were empty, there is no element before the comma.
      if form == .json, items > 0 { first = 0..<start }
      third = start..<scan.bytes.count
      fileBytes = scan.spilled
    }
    if pages == 0 { itemsOfFirstPage = scan.items }
    pages += 1
    items += scan.items
  }

  /// Splits the first page: the part up to the list's end is written now, the part after it at the end of the walk.
  /// Both are without `more`.
  private mutating func splitFirstPage() {
    let start = scan.elementsStart
    let end = scan.place(of: scan.listEnd)
    let lastEnd = scan.place(of: scan.lastValueEnd)
    let more =
      scan.hasMore
      ? scan.place(of: scan.moreBounds.lowerBound)..<scan.place(of: scan.moreBounds.upperBound)
      : end..<end
    ending.removeAll()
    moreOffset = lastEnd - end
    third = start..<end
    fileBytes = scan.spilled
    if more.lowerBound >= end {
      first = 0..<start
      ending.put(scan.bytes, end, more.lowerBound)
      ending.put(scan.bytes, more.upperBound, scan.bytes.count)
      if lastEnd > more.lowerBound { moreOffset -= more.count }
    } else {
      first = 0..<more.lowerBound
      second = more.upperBound..<start
      ending.put(scan.bytes, end, scan.bytes.count)
    }
  }

  private mutating func finish(isComplete: Bool) -> PageWalkAction {
    phase = .ended
    writesEnding = true
    var whole = ByteBuffer()
    if form == .lines {
      putLastLine(isComplete: isComplete, problem: nil, into: &whole)
    } else if isComplete {
      return .finish
    } else {
      whole.put(ending, 0, moreOffset)
      whole.put(",\"more\":\"")
      whole.put(asked)
      whole.put(UInt8(ascii: "\""))
      whole.put(ending, moreOffset, ending.count)
    }
    swap(&ending, &whole)
    return .finish
  }

  private func putLastLine(isComplete: Bool, problem: RawSpan?, into out: inout ByteBuffer) {
    let pages = pages
    let items = items
    out.put("{\"_end\":{\"pages\":")
    out.put(decimal: pages)
    out.put(",\"items\":")
    out.put(decimal: items)
    out.put(isComplete ? ",\"complete\":true,\"more\":" : ",\"complete\":false,\"more\":")
    if hasAsked, !isComplete {
      out.put(UInt8(ascii: "\""))
      out.put(asked)
      out.put(UInt8(ascii: "\""))
    } else {
      out.put("null")
    }
    out.put(",\"error\":")
    if let problem { out.put(problem) } else { out.put("null") }
    out.put("}}\n")
  }

  private mutating func abort(_ error: PageWalkError) -> PageWalkAction {
    abandon()
    return .abort(error)
  }

  private mutating func clearOutput() {
    first = 0..<0
    second = 0..<0
    third = 0..<0
    fileBytes = 0
    writesEnding = false
  }
}

package enum PageWalkAction: Equatable, Sendable {
  /// Read on.
  case readOn
  /// Write the output, then fetch the page that ``PageWalk/putContinuation(into:)`` names.
  case fetchNext
  /// Write the output; the answer ends with it.
  case finish
  /// Write the output; the walk is broken.
  case abort(PageWalkError)
}
