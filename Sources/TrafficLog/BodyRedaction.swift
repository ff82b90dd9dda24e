package import Memory

/// Why a body that was to be recorded is not.
package enum BodyOmission: Error, Sendable, Equatable {
  /// No JSON in strict UTF-8 (RFC 8259): a form, a file, a page, or damaged.
  case notJSON
  /// Longer than the operation's `maxBytes`, or than ``TrafficLine/contentLimit`` in the line.
  case tooLong
  /// It did not arrive as a whole, or is a part by its status (206).
  case incomplete
  /// Compressed: `Content-Encoding`.
  case encoded
  /// Brackets within brackets, more than ``BodyRedaction/depthLimit``.
  case tooDeep
  /// The bodies of other exchanges under way take all the memory there is for them.
  case noRoom

  package var name: StaticString {
    switch self {
    case .notJSON: "not-json"
    case .tooLong: "too-long"
    case .incomplete: "incomplete"
    case .encoded: "encoded"
    case .tooDeep: "too-deep"
    case .noRoom: "no-room"
    }
  }
}

/// What of a JSON body may be recorded: the values at some paths, and those that ``HiddenNames`` and
/// ``HiddenText`` know, read `"***"`.
///
/// Only what is JSON from the first byte to the last is recorded at all: of anything else nobody knows which part
/// of it is a name, and which a value.
package struct BodyRedaction: Sendable {
  /// One step of a path, from a value to one within it.
  package enum Step: Sendable, Equatable {
    /// `.email`: the members with this name; names may repeat.
    case member(String)
    /// `[0]`: an element of an array.
    case element(Int)
    /// `[*]`: every member or element.
    case every
  }

  /// Paths of one operation, at most: one bit each.
  package static let pathLimit = 32
  /// Brackets within brackets that are read.
  package static let depthLimit = 64

  private let paths: [[Step]]
  /// One bit a path, all set.
  let all: UInt32

  /// `paths` lead from the body's outermost value; those beyond ``pathLimit``, and empty ones, would hide
  /// nothing, so they hide everything.
  package init(paths: [[Step]]) {
    let isSound = paths.count <= BodyRedaction.pathLimit && paths.allSatisfy { !$0.isEmpty }
    self.paths = isSound ? paths : [[.every]]
    all = self.paths.count == 32 ? .max : (1 << UInt32(self.paths.count)) - 1
  }

  /// Appends `body` without its blanks and with what is hidden replaced. After an omission `out` is as it was.
  package func put(_ body: RawSpan, into out: inout ByteBuffer) -> BodyOmission? {
    let start = out.count
    do throws(BodyOmission) {
      var copy = RedactedCopy(body, by: self)
      try copy.putWhole(into: &out)
      return nil
    } catch {
      out.truncate(to: start)
      return error
    }
  }

  /// The paths of `open` that lead on to a value `depth` steps below the outermost, and whether one ends there.
  func follow(
    _ open: UInt32, depth: Int, where fits: (Step) -> Bool
  ) -> (open: UInt32, isHidden: Bool) {
    var left = open
    var next: UInt32 = 0
    while left != 0 {
      let number = left.trailingZeroBitCount
      left &= left &- 1
      let path = paths[number]
      guard depth <= path.count, fits(path[depth - 1]) else { continue }
      if depth == path.count { return (0, true) }
      next |= 1 << UInt32(number)
    }
    return (next, false)
  }
}
