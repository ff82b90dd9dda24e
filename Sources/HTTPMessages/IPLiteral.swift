internal import Memory

/// An IP address in an authority. An IPv4 address is kept as mapped into IPv6 (RFC 4291 section 2.5.5.2), so that all
/// spellings of an address are equal.
package struct IPLiteral: Sendable, Equatable {
  /// The first and second half of the address, most significant byte first.
  package let high: UInt64
  package let low: UInt64

  /// Reads an IPv6 address in brackets, or an IPv4 address in any form that resolvers and browsers accept
  /// (inet_aton(3), the URL standard's IPv4 parser): `127.0.0.1`, `127.1`, `0x7f.1`, `2130706433`.
  package init?(host: RawSpan) {
    let count = host.byteCount
    if count > 2, host[0] == UInt8(ascii: "["), host[count - 1] == UInt8(ascii: "]") {
      self.init(v6: host.slice(1, count - 1))
    } else {
      guard let v4 = IPLiteral.looseV4(host) else { return nil }
      self.init(v4)
    }
  }

  private init(_ v4: UInt32) {
    high = 0
    low = 0xFFFF << 32 | UInt64(v4)
  }

  /// Reads an IPv6 address without brackets or zone: RFC 4291 section 2.2.
  package init?(v6 text: RawSpan) {
    var groups = (front: Groups(), back: Groups())
    var hasGap = false
    var at = 0
    let count = text.byteCount
    if count >= 2, text[0] == UInt8(ascii: ":"), text[1] == UInt8(ascii: ":") {
      hasGap = true
      at = 2
    }
    while at < count {
      let end = text.firstIndex(of: UInt8(ascii: ":"), from: at)
      let part = text.slice(at, end)
      // An IPv4 address can only be the last part, and is never before a gap.
      if end == count, let v4 = IPLiteral.dottedV4(part) {
        groups.back.add(UInt16(v4 >> 16))
        groups.back.add(UInt16(v4 & 0xFFFF))
        if !hasGap { groups.front.take(&groups.back) }
        at = count
        break
      }
      guard let group = IPLiteral.group(part) else { return nil }
      if hasGap { groups.back.add(group) } else { groups.front.add(group) }
      if end == count {
        at = count
        break
      }
      at = end + 1
      if at < count, text[at] == UInt8(ascii: ":") {
        guard !hasGap else { return nil }
        hasGap = true
        at += 1
      } else if at == count {
        // One colon at the end.
        return nil
      }
    }
    let (front, back) = groups
    // "::" replaces at least one group.
    guard hasGap ? front.count + back.count <= 7 : front.count == 8 && back.count == 0 else {
      return nil
    }
    let shifted = front.value.shifted(left: (8 - front.count) * 16)
    high = shifted.high | back.value.high
    low = shifted.low | back.value.low
  }

  /// Whether it is an IPv4 address, even if it was written mapped into IPv6.
  var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// Whether it is in 127.0.0.0/8 or `::1`.
  package var isLoopback: Bool { high == 0 && (low == 1 || low >> 24 == 0xFFFF_7F) }

  /// Whether it is `0.0.0.0` or `::`, which are not the address of any machine. Systems route them to this machine, and
  /// browsers protect them less than its other addresses.
  package var isUnspecified: Bool { high == 0 && (low == 0 || low == 0xFFFF << 32) }
}

extension IPLiteral {
  /// Groups of 16 bits, in order.
  private struct Groups {
    var count = 0
    var value = Pair(high: 0, low: 0)

    mutating func add(_ group: UInt16) {
      // More than eight groups are refused by their count.
      value = value.shifted(left: 16)
      value.low |= UInt64(group)
      count += 1
    }

    /// Appends the groups of `other`, at most two.
    mutating func take(_ other: inout Groups) {
      value = value.shifted(left: other.count * 16)
      value.low |= other.value.low
      count += other.count
      other = Groups()
    }
  }

  private struct Pair {
    var high: UInt64
    var low: UInt64

    /// - Parameter bits: 0 to 128.
    func shifted(left bits: Int) -> Pair {
      // Swift's shifts give zero when all bits are shifted out; a negative count shifts to the right.
      Pair(high: high << bits | (bits == 0 ? 0 : low >> (64 - bits)), low: low << bits)
    }
  }

  /// Reads one to four hexadecimal digits.
  private static func group(_ text: RawSpan) -> UInt16? {
    guard (1...4).contains(text.byteCount) else { return nil }
    var value: UInt16 = 0
    for i in 0..<text.byteCount {
      guard let digit = text[i].hexadecimalValue else { return nil }
      value = value << 4 | UInt16(digit)
    }
    return value
  }

  /// Reads four decimal numbers without leading zeros.
  private static func dottedV4(_ text: RawSpan) -> UInt32? {
    guard text.byteCount <= 15 else { return nil }
    var dots = 0
    for i in 0..<text.byteCount {
      switch text[i] {
      case UInt8(ascii: "."): dots += 1
      case UInt8(ascii: "0")
      where i + 1 < text.byteCount && text[i + 1] != UInt8(ascii: ".")
        && (i == 0 || text[i - 1] == UInt8(ascii: ".")):
        return nil
      case UInt8(ascii: "0")...UInt8(ascii: "9"): break
      default: return nil
      }
    }
    return dots == 3 ? looseV4(text) : nil
  }

  /// Reads one to four numbers: decimal, octal after `0`, or hexadecimal after `0x`. The last one fills the remaining
  /// bytes.
  private static func looseV4(_ text: RawSpan) -> UInt32? {
    var address: UInt64 = 0
    var parts = 0
    var at = 0
    while parts < 4 {
      let end = text.firstIndex(of: UInt8(ascii: "."), from: at)
      guard let number = number(text.slice(at, end)) else { return nil }
      parts += 1
      if end == text.byteCount {
        // The bits that remain for it: four bytes minus one for each earlier part.
        let bits = UInt64(8 * (5 - parts))
        guard number < 1 << bits else { return nil }
        return UInt32(address << bits | number)
      }
      guard number < 256 else { return nil }
      address = address << 8 | number
      at = end + 1
    }
    return nil
  }

  private static func number(_ text: RawSpan) -> UInt64? {
    var at = 0
    var base: UInt64 = 10
    if text.byteCount > 1, text[0] == UInt8(ascii: "0") {
      let isHex = text[1].asciiLowercased == UInt8(ascii: "x")
      base = isHex ? 16 : 8
      at = isHex ? 2 : 1
    }
    guard at < text.byteCount else { return nil }
    var value: UInt64 = 0
    while at < text.byteCount {
      guard let digit = text[at].hexadecimalValue, UInt64(digit) < base else { return nil }
      value = value * base + UInt64(digit)
      guard value <= UInt64(UInt32.max) else { return nil }
      at += 1
    }
    return value
  }
}
