import Memory

@testable import Forwarding

/// A walk over given pages, as the relay would run it: what was written, what was requested, how it ended.
struct PlayedWalk: Equatable {
  var written: [UInt8] = []
  /// The queries of all pages after the first.
  var queries: [String] = []
  /// How it ended; nil if there were not enough pages.
  var end: PageWalkAction?
  var pages = 0
  var items = 0
  var itemsOfFirstPage = 0

  /// - Parameters:
  ///   - pieces: the lengths of the pieces in which each page arrives, repeated.
  ///   - spills: whether everything that may be moved out of memory is moved after each piece.
  init(
    _ texts: [[UInt8]], list: StaticString = "items", form: PageWalk.Form = .json,
    wanted: Int? = nil, from more: String? = nil, bounds: PageWalk.Bounds = .init(),
    pieces: [Int] = [.max], spills: Bool = false, problem: String = "{}"
  ) {
    let begin = more.map { Array($0.utf8) }
    var walk =
      if let begin {
        PageWalk(
          list: list, form: form, pages: wanted, from: begin.span.bytesOfElements, bounds: bounds)
      } else {
        PageWalk(list: list, form: form, pages: wanted, bounds: bounds)
      }
    for text in texts {
      walk.beginPage()
      var file: [UInt8] = []
      let action = PlayedWalk.play(text, in: pieces, &walk, spills ? { file += $0 } : nil)
      for index in 0..<PageWalk.outputCount {
        written += walk.output(at: index).copied()
        if index == PageWalk.partBeforeFile { written += file.prefix(walk.fileBytes) }
      }
      pages = walk.pages
      items = walk.items
      itemsOfFirstPage = walk.itemsOfFirstPage
      guard action == .fetchNext else {
        end = action
        break
      }
      var query = ByteBuffer()
      walk.putContinuation(into: &query)
      queries.append(query.bytes.text)
    }
    guard case .abort = end else { return }
    var rest = ByteBuffer()
    let bytes = Array(problem.utf8)
    walk.putBrokenEnd(problem: bytes.span.bytesOfElements, into: &rest)
    written += rest.bytes.copied()
  }

  private static func play(
    _ text: [UInt8], in pieces: [Int], _ walk: inout PageWalk, _ spill: (([UInt8]) -> Void)?
  ) -> PageWalkAction {
    let bytes = text.span.bytesOfElements
    var start = 0
    var turn = 0
    while start < text.count {
      let length = max(1, pieces[turn % pieces.count])
      let end = length < text.count - start ? start + length : text.count
      turn += 1
      let action = walk.received(bytes.slice(start, end))
      if action != .readOn { return action }
      if let spill {
        spill(walk.spillable.copied())
        walk.spill()
      }
      start = end
    }
    return walk.pageEnded()
  }

  var text: String { String(decoding: written, as: UTF8.self) }
  /// The lines of NDJSON, without their line feeds.
  var lines: [[UInt8]] { written.split(separator: 0x0A).map(Array.init) }
}
