internal import HTTPMessages
internal import Memory

/// An IPv4 or IPv6 address: 4 or 16 bytes in network order.
package struct IPAddress: Sendable, Equatable {
  package let bytes: [UInt8]

  /// Nil unless there are 4 or 16 bytes.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Dotted decimal without leading zeros, or IPv6 as in RFC 4291 section 2.2, without brackets or zone.
  package init?(_ text: String) {
    guard let bytes = text.utf8.contains(UInt8(ascii: ":")) ? Self.v6(text) : Self.v4(text) else {
      return nil
    }
    self.bytes = bytes
  }

  package var isV6: Bool { bytes.count == 16 }

  /// Whether this is `0.0.0.0` or `::`, which mean all addresses of this machine.
  var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

  /// Whether this is in 127.0.0.0/8, is `::1`, or is in 127.0.0.0/8 mapped into IPv6 (RFC 4291 section 2.5.5.2).
  package var isLoopback: Bool {
    guard isV6 else { return bytes[0] == 127 }
    if bytes == [UInt8](repeating: 0, count: 15) + [1] { return true }
    return bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] && bytes[12] == 127
  }

  private static func v4(_ text: String) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      let digits = part.utf8
      guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
        digits.count == 1 || digits.first != UInt8(ascii: "0"), let byte = UInt8(part)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  private static func v6(_ text: String) -> [UInt8]? {
    let utf8 = Array(text.utf8)
    guard let literal = IPLiteral(v6: utf8.span.bytesOfElements) else { return nil }
    return [literal.high, literal.low].flatMap { half in
      (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - $0 * 8)) }
    }
  }
}

/// A block of addresses in CIDR notation: `10.1.0.0/16`. A single address is a block with the full prefix length.
package struct AddressBlock: Sendable, Equatable {
  package let address: IPAddress
  /// The number of leading bits that are compared: 0–32 or 0–128.
  package let prefixLength: Int

  /// Nil unless `text` is an address, or an address, a slash and a prefix length without leading zeros, with every bit
  /// after the prefix zero (`10.1.2.3/16` is probably a mistake).
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
    let bits = address.bytes.count * 8
    var length = bits
    if parts.count == 2 {
      guard let given = Int(configurationText: String(parts[1])), given <= bits,
        String(given) == parts[1]
      else { return nil }
      length = given
    }
    self.address = address
    prefixLength = length
    for bit in length..<bits where address.bytes[bit / 8] & (0x80 >> UInt8(bit % 8)) != 0 {
      return nil
    }
  }

  /// Whether `other` is in the block. IPv4 mapped into IPv6 counts as IPv4.
  package func contains(_ other: IPAddress) -> Bool {
    var bytes = other.bytes[...]
    if bytes.count == 16, !address.isV6,
      bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
    {
      bytes = bytes.dropFirst(12)
    }
    guard bytes.count == address.bytes.count else { return false }
    var left = prefixLength
    for (mine, theirs) in zip(address.bytes, bytes) {
      if left <= 0 { return true }
      let mask: UInt8 = left >= 8 ? 0xFF : ~(0xFF >> UInt8(left))
      if (mine ^ theirs) & mask != 0 { return false }
      left -= 8
    }
    return true
  }
}

extension IPAddress: CustomStringConvertible {
  /// Dotted decimal, or IPv6 in the form of RFC 5952, which abbreviates the longest run of zeros.
  package var description: String {
    guard isV6 else { return bytes.map(String.init).joined(separator: ".") }
    let groups = stride(from: 0, to: 16, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
    var zeros = 0..<0
    var start = 0
    for (place, group) in groups.enumerated() {
      if group != 0 {
        start = place + 1
      } else if place + 1 - start > max(1, zeros.count) {
        zeros = start..<place + 1
      }
    }
    func text(_ range: Range<Int>) -> String {
      groups[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    return zeros.isEmpty
      ? text(0..<8) : "\(text(0..<zeros.lowerBound))::\(text(zeros.upperBound..<8))"
  }
}

extension AddressBlock: CustomStringConvertible {
  /// The block as a configuration writes it: a single address has no prefix length.
  package var description: String {
    prefixLength == address.bytes.count * 8
      ? address.description : "\(address)/\(prefixLength)"
  }
}
