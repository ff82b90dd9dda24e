internal import Memory

/// Rules for what messages about secrets may show. ``CredentialText`` defines the form of a secret.
enum SecretRules {
  /// What is wrong with `bytes` as a secret; nil if they can be sent.
  static func defect(of bytes: [UInt8]) -> CredentialText.Defect? {
    CredentialText.defect(of: bytes.span.bytesOfElements)
  }

  /// Whether the value at `path` is a reference. Within it, messages may show only references.
  static func isReference(_ path: String) -> Bool {
    if ["shared.password", "tokens.shareKey"].contains(path) { return true }
    guard path.hasPrefix("apps["), let dot = path.firstIndex(of: ".") else { return false }
    return ["id", "secret", "nextSecret"].contains(path[path.index(after: dot)...])
  }

  /// Whether messages may show `name`: it must look like a variable's name in upper case. Anything else could be the
  /// secret itself, written in the wrong place.
  static func isShowableVariable(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 128 else {
      return false
    }
    return name.utf8.allSatisfy {
      (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
    }
  }
}
