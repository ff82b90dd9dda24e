/// The open brackets, one bit each, so that a reader's memory does not grow with the text.
struct Nesting: BitwiseCopyable {
  /// Greatest nesting depth that it can hold.
  static let capacity = 128

  private(set) var depth = 0
  /// The innermost bracket is the lowest bit: set for an object.
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  /// Whether the innermost open bracket is an object's. Has no meaning at depth 0.
  @inline(__always)
  var isInObject: Bool { low & 1 != 0 }

  @inline(__always)
  mutating func open(isObject: Bool) {
    high = high &<< 1 | low &>> 63
    low = low &<< 1 | (isObject ? 1 : 0)
    depth &+= 1
  }

  @inline(__always)
  mutating func close() {
    low = low &>> 1 | high &<< 63
    high = high &>> 1
    depth &-= 1
  }
}
