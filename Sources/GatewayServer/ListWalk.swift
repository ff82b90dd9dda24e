internal import EventLoop
internal import Forwarding
internal import Memory
internal import SCORMCloudAPI
internal import System

/// What an exchange that walks over the pages of a list holds. Other exchanges have no such object.
///
/// ``PageWalk`` decides. This class keeps what is needed to carry that out: how much of the output was handed on, what
/// follows when the caller has taken it, how often the page under way was repeated, and the file for whatever is too
/// large for memory.
final class ListWalk {
  /// What follows when the output has been handed on.
  enum Sequel {
    case fetch, finish
    case breakOff(GatewayError, Termination)
  }

  /// What an exchange waits for between two fetches.
  enum Wait {
    case nothing
    /// The caller has to read.
    case caller
    /// Some time has to pass.
    case time
  }

  /// Bytes of a page that are kept in memory. Usual pages have about 100 KB. For a slow reader, the caller's part of a
  /// larger page would be in memory twice.
  static let heldInMemory = 256 * 1024
  /// Bytes that are handed on at once, as one chunk: as many as a read, for the same reason.
  static let pieceBytes = EventLoop.readBufferBytes
  /// How often a page is fetched again after its connection broke.
  static let repeatLimit = 2
  /// The delays before the first and the second repetition.
  private static let repeatDelays: [Int64] = [100_000_000, 1_000_000_000]

  let request: PageRequest
  /// When the walk must end, in monotonic nanoseconds.
  let endsAt: Int64
  var pages: PageWalk
  var sequel = Sequel.fetch
  var wait = Wait.nothing
  /// The beginning of the answer's head, until the first page is complete.
  var head = ByteBuffer()
  /// The number of items in all, according to the first page.
  var totalCount: Int?
  /// Bytes of the answer's body that were handed on.
  private(set) var bytesSent = 0
  var attempts = ListedAttempts()
  private var repeats = 0
  /// Bytes of the output that were handed on.
  private var written = 0
  private let folder: String
  private var file: KeptFile?
  private var fileFailed = false
  /// Bytes of the page under way that are in the file.
  private var bytesInFile = 0

  init(_ request: PageRequest, from more: [UInt8]?, _ settings: WalkSettings, at now: Int64) {
    self.request = request
    endsAt = now + settings.maxTime
    folder = settings.folder
    var bounds = PageWalk.Bounds()
    bounds.pages = settings.maxPages
    bounds.items = settings.maxItems
    pages =
      if let more {
        PageWalk(
          list: request.list.name, form: request.form, pages: request.pages,
          from: more.span.bytesOfElements,
          bounds: bounds)
      } else {
        PageWalk(
          list: request.list.name, form: request.form, pages: request.pages, bounds: bounds)
      }
  }

  /// Bytes of memory that the walk holds, in buffers that count.
  var heldBytes: Int { pages.heldBytes + head.allocatedBytes }

  // MARK: A page

  /// Takes bytes of the page under way.
  func received(_ data: RawSpan) -> PageWalkAction {
    let action = pages.received(data)
    if pages.spillable.byteCount > ListWalk.heldInMemory { spill() }
    return action
  }

  /// Moves what can be moved of the page from memory to disk. If the disk has no room, it stays in memory, within the
  /// bounds.
  private func spill() {
    if file == nil, !fileFailed { file = KeptFile(in: folder) }
    guard !fileFailed, let file, file.write(pages.spillable, at: bytesInFile) else {
      fileFailed = true
      return
    }
    bytesInFile += pages.spillable.byteCount
    pages.spill()
  }

  func pageEnded() -> PageWalkAction {
    written = 0
    repeats = 0
    return pages.pageEnded()
  }

  /// Begins the next page, or repeats the one under way.
  func beginPage() {
    written = 0
    bytesInFile = 0
    wait = .nothing
    pages.beginPage()
  }

  // MARK: A failure

  /// The time after which to try again what failed with `error`; nil when trying again would not help. `hasAnswered`:
  /// the caller has already got a part of the answer.
  func delay(after error: GatewayError, hasAnswered: Bool) -> Int64? {
    switch error.kind {
    case .connectionTerminated, .responseIncomplete: return repeatDelay
    case .connectionRefused, .connectionTimeout, .nameResolution, .nameResolutionTimeout,
      .tlsFailed:
      return hasAnswered ? repeatDelay : nil
    case .quotaExceeded, .connectionLimit, .tokenUnavailable, .tokenTimeout:
      return hasAnswered ? Int64(max(1, error.retryAfter ?? 1)) * 1_000_000_000 : nil
    default: return nil
    }
  }

  private var repeatDelay: Int64? {
    guard repeats < ListWalk.repeatLimit else { return nil }
    repeats += 1
    return ListWalk.repeatDelays[repeats - 1]
  }

  // MARK: The output

  private var outputByteCount: Int { pages.outputByteCount + pages.fileBytes }

  /// Whether some of the output was not handed on yet.
  var hasOutput: Bool { written < outputByteCount }

  /// Appends the next piece of the output, framed as a chunk. False when it cannot be read from disk.
  func putPiece(into out: inout ByteBuffer, _ capture: BodyCapture?) -> Bool {
    let size = min(ListWalk.pieceBytes, outputByteCount - written)
    guard size > 0 else { return true }
    out.reserve(size + 24)
    out.put(hexadecimal: size)
    out.put("\r\n")
    let start = out.count
    guard put(written, size, into: &out) else { return false }
    capture?.takeResponse(out.bytes.slice(start, out.count))
    out.put("\r\n")
    written += size
    bytesSent += size
    return true
  }

  /// Appends the end of the body of a walk that broke, framed as chunks; nothing for JSON.
  func putBrokenEnd(_ problem: RawSpan, into out: inout ByteBuffer) {
    guard request.form == .lines else { return }
    var line = ByteBuffer()
    pages.putBrokenEnd(problem: problem, into: &line)
    ChunkWriter.put(line.bytes, into: &out)
    bytesSent += line.count
  }

  /// Appends `size` bytes of the output, from `offset` on.
  private func put(_ offset: Int, _ size: Int, into out: inout ByteBuffer) -> Bool {
    var from = offset
    var left = size
    for index in 0..<PageWalk.outputCount where left > 0 {
      let partBytes = pages.output(at: index).byteCount
      let count = min(left, max(0, partBytes - from))
      if count > 0 {
        out.put(long: pages.output(at: index).slice(from, from + count))
        left -= count
      }
      from = max(0, from - partBytes)
      guard index == PageWalk.partBeforeFile, pages.fileBytes > 0 else { continue }
      let inFile = min(left, max(0, pages.fileBytes - from))
      if inFile > 0 {
        guard let file, file.read(from..<from + inFile, into: &out) else { return false }
        left -= inFile
      }
      from = max(0, from - pages.fileBytes)
    }
    return true
  }
}

/// Bounds of a walk over a list.
package struct WalkSettings: Sendable {
  package var maxPages = 10_000
  package var maxItems = 1_000_000
  /// Nanoseconds.
  package var maxTime: Int64 = 600_000_000_000
  /// Where the file for large pages is created.
  package var folder = KeptFile.usualFolder

  package init() {}
}
