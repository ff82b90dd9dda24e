/// An event of ``JSONReader``: a bracket, or the part of a token that is in one piece of the text.
package struct JSONEvent: Sendable, BitwiseCopyable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable {
    case objectStart, objectEnd, arrayStart, arrayEnd
    /// A member's name; its value follows.
    case name
    case string, number, isTrue, isFalse, null
  }

  package let kind: Kind
  /// Whether it is the token's first part. False only if the token began in an earlier piece.
  package let isFirst: Bool
  /// Whether it is the token's last part. False only if the token continues in the next piece.
  package let isLast: Bool
  /// In the last part of a number: whether it has neither fraction nor exponent.
  package let isWhole: Bool
  /// The bounds in the piece. For a name or string these are the bytes between the quotation marks, with escapes
  /// undecoded; for anything else, all of it.
  package let start: Int
  package let end: Int

  package var range: Range<Int> { start..<end }

  /// Whether it is an array or object, whose contents follow.
  package var isContainer: Bool { kind == .objectStart || kind == .arrayStart }
}
