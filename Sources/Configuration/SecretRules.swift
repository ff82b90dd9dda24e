/// What a secret must look like to be sent in an HTTP field.
enum SecretRules {
  /// Bytes of a secret, at most. SCORM Cloud's are 40.
  static let maximumLength = 4_096

  /// Why `bytes` are no usable secret, in words that quote nothing of them; nil when they are.
  static func objection(to bytes: [UInt8]) -> String? {
    if bytes.isEmpty { return "is empty" }
    if bytes.count > maximumLength { return "is longer than \(maximumLength) bytes" }
    if bytes.contains(0) { return "holds a zero byte" }
    if bytes.contains(UInt8(ascii: "\n")) || bytes.contains(UInt8(ascii: "\r")) {
      return "holds a line break"
    }
    return nil
  }

  /// Whether the value at `path` is a reference, inside which nothing but a reference may be shown.
  static func isReference(_ path: String) -> Bool {
    guard path.hasPrefix("apps["), let dot = path.firstIndex(of: ".") else { return false }
    return ["id", "secret", "nextSecret"].contains(path[path.index(after: dot)...])
  }

  /// Whether `name` may be shown: it has the shape of a variable's name in upper case. Anything else
  /// could be the secret itself, written in the wrong place.
  static func isShowableVariable(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 128 else {
      return false
    }
    return name.utf8.allSatisfy {
      (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
    }
  }
}
