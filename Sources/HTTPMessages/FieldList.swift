package import Memory

/// Where one field line is in the bytes of its head.
@usableFromInline package struct FieldLine: BitwiseCopyable, Sendable {
  package internal(set) var name: FieldName
  /// Offset of the first byte of the line, where the name begins.
  @usableFromInline package let start: UInt32
  @usableFromInline package let nameEnd: UInt32
  /// The value without the whitespace around it.
  @usableFromInline package let valueStart: UInt32
  @usableFromInline package let valueEnd: UInt32
  /// Offset after the line's CRLF.
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

/// The field lines of the last parsed head, in order. Its parser keeps the list and refills it for each head.
package typealias FieldList = RecordList<FieldLine>

extension RecordList where Record == FieldLine {
  /// The first line called `name`; nil when there is none.
  package borrowing func first(_ name: FieldName) -> FieldLine? {
    for i in 0..<count where self[i].name == name { return self[i] }
    return nil
  }
}
