import Foundation

/// An input of the fuzzer that is kept in the repository, for the ordinary test suite.
struct KeptInput {
  /// The path below `Tests/Fuzzing`, and the input's name if the file holds several.
  let path: String
  let bytes: [UInt8]

  /// The corpus of `target`, and the inputs on which it once failed.
  static func all(of target: String) throws -> [KeptInput] {
    try corpus(of: target) + failures(of: target)
  }

  /// The corpus of a target is one file: lines of `name="bytes"`, in the form of a libFuzzer dictionary.
  private static func corpus(of target: String) throws -> [KeptInput] {
    let path = "corpus/\(target).dict"
    let lines = try String(contentsOf: fuzzing.appendingPathComponent(path), encoding: .utf8)
    return try lines.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      guard let equals = line.firstIndex(of: "="),
        let bytes = bytes(quoted: line[equals...].dropFirst())
      else { throw DamagedCorpus(path: path, line: String(line)) }
      return KeptInput(path: "\(path): \(line[..<equals])", bytes: bytes)
    }
  }

  /// Each failure is a separate file, as the fuzzer wrote it. A target that never failed has no folder.
  private static func failures(of target: String) throws -> [KeptInput] {
    let folder = "failures/\(target)"
    let place = fuzzing.appendingPathComponent(folder).path
    guard FileManager.default.fileExists(atPath: place) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: place).sorted().map { name in
      let path = "\(folder)/\(name)"
      return KeptInput(
        path: path, bytes: Array(try Data(contentsOf: fuzzing.appendingPathComponent(path))))
    }
  }

  private static var fuzzing: URL {
    URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fuzzing")
  }

  /// The bytes of a quoted text with the escapes `\\`, `\"` and `\xAB`; nil if it is not one.
  private static func bytes(quoted text: Substring) -> [UInt8]? {
    guard text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return nil }
    var rest = text.dropFirst().dropLast().utf8
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "x"):
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
          return nil
        }
        rest = rest.dropFirst(2)
        bytes.append(value)
      case UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "\""):
        bytes.append(UInt8(ascii: "\""))
      default:
        return nil
      }
    }
    return bytes
  }
}

/// A line of a corpus file that is not a name and a quoted text.
struct DamagedCorpus: Error {
  let path: String
  let line: String
}
