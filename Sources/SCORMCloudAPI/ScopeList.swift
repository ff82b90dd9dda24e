/// Up to four scopes in a fixed order, packed into one word so that copying a list costs nothing.
///
/// In an `Operation` any one of them suffices, and the first is the least privileged. In a token request all of them
/// are requested.
package struct ScopeList: Sendable, Hashable, RandomAccessCollection {
  /// The most scopes a list can hold.
  package static let capacity = 4

  /// One byte for each scope, the first one lowest: its raw value plus one, or zero after the end of the list.
  private var packed: UInt32

  /// The empty list.
  package init() { packed = 0 }

  /// The list of one scope.
  package init(_ only: Scope) { packed = ScopeList.byte(only, 0) }

  /// The list of two scopes in the given order.
  package init(_ first: Scope, _ second: Scope) {
    packed = ScopeList.byte(first, 0) | ScopeList.byte(second, 1)
  }

  /// The list of three scopes in the given order.
  package init(_ first: Scope, _ second: Scope, _ third: Scope) {
    packed = ScopeList.byte(first, 0) | ScopeList.byte(second, 1) | ScopeList.byte(third, 2)
  }

  /// The list of four scopes in the given order.
  package init(_ first: Scope, _ second: Scope, _ third: Scope, _ fourth: Scope) {
    packed =
      ScopeList.byte(first, 0) | ScopeList.byte(second, 1)
      | ScopeList.byte(third, 2) | ScopeList.byte(fourth, 3)
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { (39 - packed.leadingZeroBitCount) >> 3 }

  /// The scope at `position`. Traps if `position` is not below `count`.
  package subscript(position: Int) -> Scope {
    precondition(position >= 0 && position < endIndex)
    let byte = UInt8(truncatingIfNeeded: packed >> UInt32(position * 8))
    guard let scope = Scope(rawValue: byte &- 1) else {
      preconditionFailure("only raw values of scopes are packed")
    }
    return scope
  }

  /// This list with `scope` added at the end, unless it contains it already or is full.
  package func adding(_ scope: Scope) -> ScopeList {
    guard !contains(scope), count < ScopeList.capacity else { return self }
    var result = self
    result.packed |= ScopeList.byte(scope, UInt32(count))
    return result
  }

  /// The text of a token request: names separated by one space (RFC 6749 section 3.3).
  package var text: String { map(\.name.description).joined(separator: " ") }

  /// The bits of `scope` in `packed` at `position`, 0 to 3. Folds to a constant in the operation table.
  @inline(__always)
  private static func byte(_ scope: Scope, _ position: UInt32) -> UInt32 {
    (UInt32(scope.rawValue) &+ 1) &<< (position &* 8)
  }
}
