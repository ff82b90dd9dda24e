/// The records that an operation changes or deletes when it acts on every record of a filter or a folder, without
/// naming one.
package struct BulkSelection: Sendable {
  /// Index of the list that counts these records. It is called with the same filter: the operation's path up to where
  /// the list's path ends, and the same query.
  package let list: UInt8
  /// The query parameters that select, by name. The list also obeys others, which the operation does not.
  package let filters: [StaticString]

  /// Every operation that acts on a selection.
  package static let operations = OperationTable.all.filter { BulkSelection.of($0.index) != nil }
}
