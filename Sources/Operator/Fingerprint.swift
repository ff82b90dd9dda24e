/// A token as listings show it: eight hexadecimal digits of its text's SHA-256.
enum Fingerprint {
  static func text(_ fingerprint: UInt32) -> String {
    let digits = String(fingerprint, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
