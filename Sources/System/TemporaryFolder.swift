internal import Glibc

/// A folder of this process alone for a few files, readable only by this user.
package final class TemporaryFolder: Sendable {
  package let path: String

  /// Creates it in `folder`, with a name that begins with `name`.
  package init(_ name: String, in folder: String = KeptFile.usualFolder) throws(SystemError) {
    var template = Array("\(folder)/\(name)-XXXXXX".utf8CString)
    // Proof: mkdtemp changes the last six characters in place, before the zero that ends the array.
    let isMade = unsafe template.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return false }
      return unsafe mkdtemp(start) != nil
    }
    guard isMade else { throw .current }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Removes the files called `names`, and the folder when nothing else is in it.
  package func remove(_ names: [String]) {
    for name in names { ReplacedFile.remove(path: "\(path)/\(name)") }
    // Proof: a C string for the call.
    _ = unsafe rmdir(path)
  }
}
