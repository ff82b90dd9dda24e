/// The form of a token in listings: eight hexadecimal digits of its SHA-256.
enum Fingerprint {
  static func text(_ fingerprint: UInt32) -> String {
    let digits = String(fingerprint, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
