internal import Memory
internal import Synchronization
internal import System

/// Where bodies that stream are kept, so that they can be sent once more.
package struct UploadSettings: Sendable {
  package enum Place: Sendable {
    case memory
    /// In files without names.
    case disk(folder: String)
  }

  /// Nil keeps nothing.
  package var place: Place?
  /// What all uploads may take together.
  let room: SpoolRoom
  /// The longest pause that the upstream may ask for before an upload is sent once more.
  package var longestPause: Int64 = 60_000_000_000

  /// - Parameter limit: bytes of all uploads together.
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

  /// Takes room for `bytes` more; false when there is none.
  func take(_ bytes: Int) -> Bool {
    guard taken.add(bytes, ordering: .relaxed).newValue <= limit else {
      taken.subtract(bytes, ordering: .relaxed)
      return false
    }
    return true
  }

  func give(_ bytes: Int) { taken.subtract(bytes, ordering: .relaxed) }

  /// Whether nobody was told yet that keeping does not work.
  func isFirstTrouble() -> Bool { !isTold.exchange(true, ordering: .relaxed) }

  /// Bytes that are taken now.
  var takenBytes: Int { taken.load(ordering: .relaxed) }
}

/// How long the writes of one upload may hold up the loop's other calls, which wait for them.
///
/// Linux makes a process that writes much wait for its disk, up to 200 ms at a time. One such write is no reason to give
/// an upload up; many are.
struct DiskPatience {
  /// A write that takes no longer holds up nobody, in nanoseconds.
  static let quick: Int64 = 10_000_000
  /// What the others may take together.
  static let bound: Int64 = 500_000_000

  private var held: Int64 = 0

  /// Whether there is patience for one more write, which took so many nanoseconds.
  mutating func covers(_ nanoseconds: Int64) -> Bool {
    if nanoseconds > DiskPatience.quick { held += nanoseconds }
    return held <= DiskPatience.bound
  }
}

/// What was handed on of one body, framed as it went upstream, to be sent once more.
///
/// When there is no room, or the disk does not take it or takes too long, keeping ends and the upload goes on.
final class UploadSpool {
  /// Bytes of one piece of memory, and of one that is read back.
  static let pieceBytes = 64 * 1024

  private enum Store {
    case memory(MemoryPieces)
    case file(KeptFile)
  }

  private let store: Store
  private let room: SpoolRoom
  /// Bytes kept.
  private(set) var count = 0
  /// Bytes of them that were sent once more.
  private(set) var resent = 0
  private var patience = DiskPatience()

  /// Nil when nothing is to be kept, or no file can be made.
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

  /// Bytes of memory it holds, in buffers that count.
  var heldBytes: Int { if case .memory = store { count } else { 0 } }

  /// Keeps bytes that were handed on. False when they cannot be kept; then what was kept is of no use either.
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

  /// Begins with the first byte once more.
  func rewind() { resent = 0 }

  /// Appends the next piece; nothing after the last one. False when the disk does not give it back.
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

/// Bytes in memory, in pieces: one buffer would be copied as it grows.
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
