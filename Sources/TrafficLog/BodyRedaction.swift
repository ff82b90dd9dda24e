package import Memory

/// Why a body that should have been recorded is not.
package enum BodyOmission: Error, Sendable, Equatable {
  /// Not JSON in strict UTF-8 (RFC 8259): a form, a file, an HTML page, or damaged JSON.
  case notJSON
  /// Longer than the operation's `maxBytes`, or longer in the line than ``TrafficLine/contentLimit``.
  case tooLong
  /// Not received completely, or a part by its status (206).
  case incomplete
  /// Compressed, according to `Content-Encoding`.
  case encoded
  /// Nested more deeply than ``BodyRedaction/depthLimit``.
  case tooDeep
  /// The bodies of other current exchanges use all the memory reserved for bodies.
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

/// The rules for recording a JSON body. Values at certain paths, and those that ``HiddenNames`` and ``HiddenText``
/// recognize, are replaced by `"***"`.
///
/// A body is recorded only if it is JSON from the first byte to the last. In anything else, names and values cannot be
/// told apart.
package struct BodyRedaction: Sendable {
  /// One step of a path, from a value to a value inside it.
  package enum Step: Sendable, Equatable {
    /// `.email`: all members with this name, because names may repeat.
    case member(String)
    /// `[0]`: an element of an array.
    case element(Int)
    /// `[*]`: every member or element.
    case every
  }

  /// Maximum number of paths per operation, each of which takes one bit.
  package static let pathLimit = 32
  /// Greatest nesting depth that is read.
  package static let depthLimit = 64

  private let paths: [[Step]]
  /// One bit per path, all set.
  let all: UInt32

  /// `paths` start at the body's outermost value. Empty paths, and paths beyond ``pathLimit``, would hide nothing, so
  /// they make the rules hide everything.
  package init(paths: [[Step]]) {
    let isSound = paths.count <= BodyRedaction.pathLimit && paths.allSatisfy { !$0.isEmpty }
    self.paths = isSound ? paths : [[.every]]
    all = self.paths.count == 32 ? .max : (1 << UInt32(self.paths.count)) - 1
  }

  /// Appends `body` without blanks and with hidden values replaced. If the body is omitted, `out` is unchanged and the
  /// reason is returned.
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

  /// The paths of `open` that continue to a value `depth` steps below the outermost, and whether one of them ends
  /// there.
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
