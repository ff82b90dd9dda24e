// swift-format-ignore-file
// Written by scripts/catalogue/generate from operations.tsv. Change those, not this file.

extension BulkSelection {
  /// What the operation at `index` of the catalogue acts on; nil for one that names its records.
  package static func of(_ index: UInt8) -> BulkSelection? {
    switch index {
    // DeleteDestinationDispatches, by GetDestinationDispatches
    case 60: BulkSelection(list: 70, filters: [])
    // DeleteDispatches, by GetDispatches
    case 65: BulkSelection(list: 80, filters: ["courseId", "since", "until", "datetimeFilter", "tags", "filter", "filterBy"])
    // EnableRegistrationInstancing, by GetDestinationDispatches
    case 66: BulkSelection(list: 70, filters: [])
    // ResetDestinationDispatchRegistrationCount, by GetDestinationDispatches
    case 89: BulkSelection(list: 70, filters: [])
    // SetDestinationDispatchEnabled, by GetDestinationDispatches
    case 92: BulkSelection(list: 70, filters: [])
    // UpdateDestinationHashUserInfo, by GetDestinationDispatches
    case 94: BulkSelection(list: 70, filters: [])
    // UpdateDispatches, by GetDispatches
    case 97: BulkSelection(list: 80, filters: ["courseId", "since", "until", "datetimeFilter", "tags", "filter", "filterBy"])
    default: nil
    }
  }
}
