internal import Memory
internal import Synchronization
internal import System

/// Where streamed bodies are kept, so that they can be sent again.
package struct UploadSettings: Sendable {
  package enum Place: Sendable {
    case memory
    /// In files that have no names.
    case disk(folder: String)
  }

  /// Nil keeps nothing.
  package var place: Place?
  /// The room that all uploads share.
  let room: SpoolRoom
  /// The longest pause that the upstream may ask for before an upload is sent again.
  package var longestPause: Int64 = 60_000_000_000

  /// - Parameter limit: the most bytes of all uploads together.
  package init(_ place: Place? = nil, limit: Int = 2 << 30) {
    self.place = place
    room = SpoolRoom(limit: limit)
  }
}

/// The bytes that all uploads of a gateway may take together.
final class SpoolRoom: Sendable {
  private let limit: Int
  private let taken = Atomic<Int>(0)
  private let isTold = Atomic<Bool>(false)

  init(limit: Int) { self.limit = limit }

  /// Takes room for `bytes` more bytes. False when there is none.
  func take(_ bytes: Int) -> Bool {
    guard taken.add(bytes, ordering: .relaxed).newValue <= limit else {
      taken.subtract(bytes, ordering: .relaxed)
      return false
    }
    return true
  }

  func give(_ bytes: Int) { taken.subtract(bytes, ordering: .relaxed) }

  /// Whether this is the first trouble with keeping: it is reported once.
  func isFirstTrouble() -> Bool { !isTold.exchange(true, ordering: .relaxed) }

  /// Bytes that are taken now.
  var takenBytes: Int { taken.load(ordering: .relaxed) }
}

/// How long the writes of one upload may delay the loop's other calls, which wait for them.
///
/// Linux makes a process that writes a lot wait for its disk, up to 200 ms at a time. One such write does not justify
/// giving up on keeping an upload; many do.
struct DiskPatience {
  /// A write that takes at most this long, in nanoseconds, does not count as a delay.
  static let quick: Int64 = 10_000_000
  /// The most time that slower writes may take together, in nanoseconds.
  static let bound: Int64 = 500_000_000

  private var held: Int64 = 0

  /// Whether one more write that took so many nanoseconds is within the bound.
  mutating func covers(_ nanoseconds: Int64) -> Bool {
    if nanoseconds > DiskPatience.quick { held += nanoseconds }
    return held <= DiskPatience.bound
  }
}

/// What was handed on of one body, framed as it went upstream, so that it can be sent again.
///
/// When there is no room, or the disk fails or is too slow, keeping ends and the upload goes on.
final class UploadSpool {
  /// Bytes of one piece in memory, and of one read from the file.
  static let pieceBytes = 64 * 1024

  private enum Store {
    case memory(MemoryPieces)
    case file(KeptFile)
  }

  private let store: Store
  private let room: SpoolRoom
  /// Bytes kept.
  private(set) var count = 0
  /// Bytes that were sent again.
  private(set) var resent = 0
  private var patience = DiskPatience()

  /// Nil when nothing must be kept, or no file can be created.
  init?(_ settings: UploadSettings) {
    switch settings.place {
    case .memory: store = .memory(MemoryPieces())
    case .disk(let folder):
      guard let file = KeptFile(in: folder) else { return nil }
      store = .file(file)
    case nil: return nil
    }
    room = settings.room
  }

  deinit { room.give(count) }

  /// Bytes of memory that the spool holds, in buffers that count.
  var heldBytes: Int { if case .memory = store { count } else { 0 } }

  /// Keeps bytes that are handed on. False when they cannot be kept; then the earlier ones are useless too.
  func keep(_ bytes: RawSpan, clock: TimeSource) -> Bool {
    guard room.take(bytes.byteCount) else { return false }
    let begun = clock.monotonic
    let start = count
    count += bytes.byteCount
    var isKept = true
    switch store {
    case .memory(let pieces): pieces.put(bytes)
    case .file(let file): isKept = file.write(bytes, at: start)
    }
    return patience.covers(clock.monotonic - begun) && isKept
  }

  /// Starts again at the first byte.
  func rewind() { resent = 0 }

  /// Appends the next piece; nothing after the last one. False when it cannot be read from disk.
  func putPiece(into out: inout ByteBuffer) -> Bool {
    let size = min(UploadSpool.pieceBytes, count - resent)
    guard size > 0 else { return true }
    switch store {
    case .memory(let pieces): pieces.put(resent, size, into: &out)
    case .file(let file):
      guard file.read(resent..<resent + size, into: &out) else { return false }
    }
    resent += size
    return true
  }

  var isResent: Bool { resent == count }
}

/// Bytes in memory, in pieces: a single buffer would be copied as it grows.
private final class MemoryPieces {
  private final class Piece {
    var bytes = ByteBuffer(capacity: UploadSpool.pieceBytes)
  }

  private var pieces: [Piece] = []
  private var count = 0

  func put(_ bytes: RawSpan) {
    var at = 0
    while at < bytes.byteCount {
      let place = count % UploadSpool.pieceBytes
      if place == 0 { pieces.append(Piece()) }
      let end = min(bytes.byteCount, at + UploadSpool.pieceBytes - place)
      pieces[pieces.count - 1].bytes.put(bytes.slice(at, end))
      count += end - at
      at = end
    }
  }

  /// Appends `size` bytes from `start` on.
  func put(_ start: Int, _ size: Int, into out: inout ByteBuffer) {
    var at = start
    let end = start + size
    while at < end {
      let place = at % UploadSpool.pieceBytes
      let last = min(UploadSpool.pieceBytes, place + end - at)
      out.put(pieces[at / UploadSpool.pieceBytes].bytes, place, last)
      at += last - place
    }
  }
}
