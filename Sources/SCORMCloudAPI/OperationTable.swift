/// The whole catalogue: every operation of the SCORM Cloud API v2, as released with the official clients 5.0.0. The
/// entries are in the generated file next to this one.
package enum OperationTable {
  /// The operation at `index`, as returned by a matcher. Traps if the index is out of range.
  package static func operation(at index: UInt8) -> Operation { all[Int(index)] }

  /// The operation with this name; `nil` if there is none. Compares with every entry: for configuration and commands,
  /// not for requests.
  package static func named(_ name: String) -> Operation? {
    all.first { $0.name.description == name }
  }
}
