/// What an operation acts on that changes or erases every record of a filter, or of a folder, without naming one.
package struct BulkSelection: Sendable {
  /// Index of the list that counts these records, asked for with the same filter: the path of the operation up to the
  /// end of the list's own, and the same query.
  package let list: UInt8
  /// The query parameters that choose, by name. The list obeys others besides, which the operation would not.
  package let filters: [StaticString]

  /// Every operation that acts on a selection.
  package static let operations = OperationTable.all.filter { BulkSelection.of($0.index) != nil }
}
