import Memory

enum SecretOf {
  static func text(_ text: String) -> SecretBytes {
    SecretBytes(copying: Array(text.utf8).span.bytesOfElements)
  }
}
