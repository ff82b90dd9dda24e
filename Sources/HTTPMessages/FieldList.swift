package import Memory

/// Where one field line lies in the bytes of its head.
@usableFromInline package struct FieldLine: BitwiseCopyable, Sendable {
  package internal(set) var name: FieldName
  /// Offset of the first byte of the line, which is that of the name.
  @usableFromInline package let start: UInt32
  @usableFromInline package let nameEnd: UInt32
  /// The value without the whitespace around it.
  @usableFromInline package let valueStart: UInt32
  @usableFromInline package let valueEnd: UInt32
  /// Offset behind the line's CRLF.
  package let end: UInt32

  /// The name, as sent.
  @inlinable @inline(__always) @_lifetime(copy head)
  package func name(in head: RawSpan) -> RawSpan {
    head.extracting(Int(start)..<Int(nameEnd))
  }

  /// The value, without the whitespace around it.
  @inlinable @inline(__always) @_lifetime(copy head)
  package func value(in head: RawSpan) -> RawSpan {
    head.extracting(Int(valueStart)..<Int(valueEnd))
  }
}

/// The field lines of the head parsed last, in order. Kept by its parser and refilled for each head.
package typealias FieldList = RecordList<FieldLine>

extension RecordList where Record == FieldLine {
  /// The first line called `name`; nil when there is none.
  package borrowing func first(_ name: FieldName) -> FieldLine? {
    for i in 0..<count where self[i].name == name { return self[i] }
    return nil
  }
}
