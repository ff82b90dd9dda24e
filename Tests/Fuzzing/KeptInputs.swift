import Foundation

/// The fuzzer's inputs that are kept in the repository, for the ordinary test suite to run.
struct KeptInput {
  /// Path below `Tests/Fuzzing`.
  let path: String
  let bytes: [UInt8]

  /// The corpus of `target`, and what it once failed on.
  static func all(of target: String) throws -> [KeptInput] {
    let fuzzing = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fuzzing")
    var inputs: [KeptInput] = []
    for folder in ["corpus/\(target)", "failures/\(target)"] {
      // A target that never failed has no folder of failures; every target has a corpus.
      let place = fuzzing.appendingPathComponent(folder).path
      if folder.hasPrefix("failures"), !FileManager.default.fileExists(atPath: place) { continue }
      for name in try FileManager.default.contentsOfDirectory(atPath: place).sorted() {
        let path = "\(folder)/\(name)"
        let bytes = try Data(contentsOf: fuzzing.appendingPathComponent(path))
        inputs.append(KeptInput(path: path, bytes: Array(bytes)))
      }
    }
    return inputs
  }
}
