/// The changes that turn one list of lines into another, by their longest common subsequence, with removals before
/// additions.
enum LineChanges: Equatable {
  /// Index into the old lines.
  case removed(Int)
  /// Index into the new lines.
  case added(Int)
  case kept(Int)

  static func between(_ old: [String], _ new: [String]) -> [LineChanges] {
    let changes = new.difference(from: old)
    var removed: Set<Int> = []
    var added: Set<Int> = []
    for change in changes {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var result: [LineChanges] = []
    var (from, to) = (0, 0)
    while from < old.count || to < new.count {
      if removed.contains(from) {
        result.append(.removed(from))
        from += 1
      } else if added.contains(to) {
        result.append(.added(to))
        to += 1
      } else {
        result.append(.kept(to))
        from += 1
        to += 1
      }
    }
    return result
  }
}
