/// Up to four scopes in a fixed order, packed into one word so that copying a list costs nothing.
///
/// In an `Operation` any one of them suffices and the first is the least privileged; in a token request
/// all of them are asked for.
package struct ScopeList: Sendable, Hashable, RandomAccessCollection {
  /// The most scopes a list can hold.
  package static let capacity = 4

  /// One byte a scope, first lowest: its raw value plus one; zero where the list has ended.
  private var packed: UInt32

  /// A list of the given scopes in the given order; without any, the empty list.
  package init(
    _ first: Scope? = nil, _ second: Scope? = nil, _ third: Scope? = nil, _ fourth: Scope? = nil
  ) {
    packed = 0
    append(first)
    append(second)
    append(third)
    append(fourth)
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { (39 - packed.leadingZeroBitCount) >> 3 }

  /// The scope at `position`. Traps when `position` is not below `count`.
  package subscript(position: Int) -> Scope {
    precondition(position >= 0 && position < endIndex)
    let byte = UInt8(truncatingIfNeeded: packed >> UInt32(position * 8))
    guard let scope = Scope(rawValue: byte &- 1) else {
      preconditionFailure("only raw values of scopes are packed")
    }
    return scope
  }

  /// This list with `scope` behind the others, unless it holds it already or is full.
  package func adding(_ scope: Scope) -> ScopeList {
    var result = self
    if !contains(scope) { result.append(scope) }
    return result
  }

  /// The wire text of a token request: names with one space between (RFC 6749 section 3.3).
  package var text: String { map(\.name.description).joined(separator: " ") }

  private mutating func append(_ scope: Scope?) {
    guard let scope, endIndex < ScopeList.capacity else { return }
    packed |= UInt32(scope.rawValue + 1) << UInt32(endIndex * 8)
  }
}
