/// What ``JSONReader`` reports: a bracket, or a token as far as it lies in one piece of the text.
package struct JSONEvent: Sendable, BitwiseCopyable {
  package enum Kind: UInt8, Sendable, BitwiseCopyable {
    case objectStart, objectEnd, arrayStart, arrayEnd
    /// A member's name; its value comes next.
    case name
    case string, number, isTrue, isFalse, null
  }

  package let kind: Kind
  /// It is the token's first part. False only for what began in an earlier piece.
  package let isFirst: Bool
  /// It is the token's last part. False only for what goes on in the next piece.
  package let isLast: Bool
  /// In the last part of a number: it has neither fraction nor exponent.
  package let isWhole: Bool
  /// Where it stands in the piece. Of a name or string that is what stands between the quotation marks, escapes as
  /// they are; of anything else all of it.
  package let start: Int
  package let end: Int

  package var range: Range<Int> { start..<end }

  /// Arrays and objects: what is in them comes next.
  package var isContainer: Bool { kind == .objectStart || kind == .arrayStart }
}
