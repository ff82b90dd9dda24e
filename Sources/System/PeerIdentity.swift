internal import CLinux
internal import Glibc
package import Memory

/// The peer of a connection, in 28 bytes.
package struct PeerIdentity: Sendable, Equatable, BitwiseCopyable {
  package enum Family: UInt8, Sendable, BitwiseCopyable { case unix, ipv4, ipv6 }

  package let family: Family
  package let port: UInt16
  /// The user at the other end of a Unix socket (SO_PEERCRED); `UInt32.max` when it is not known.
  package let user: UInt32
  /// The address, most significant byte first; an IPv4 address is the low 32 bits of `low`.
  package let high: UInt64
  package let low: UInt64

  package init(_ address: SocketAddress, user: UInt32 = .max) {
    self.user = user
    var storage = address.storage
    switch Int32(storage.ss_family) {
    case AF_INET:
      // Proof: the family says that the storage holds a sockaddr_in.
      let v4 = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in.self) }
      family = .ipv4
      port = UInt16(bigEndian: v4.sin_port)
      high = 0
      low = UInt64(UInt32(bigEndian: v4.sin_addr.s_addr))
    case AF_INET6:
      // Proof: the family says that the storage holds a sockaddr_in6, whose address starts at byte 8.
      let (port, high, low) = unsafe withUnsafeBytes(of: &storage) { bytes in
        (
          unsafe UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)),
          unsafe UInt64(bigEndian: bytes.load(fromByteOffset: 8, as: UInt64.self)),
          unsafe UInt64(bigEndian: bytes.load(fromByteOffset: 16, as: UInt64.self))
        )
      }
      self.port = port
      self.high = high
      // RFC 4291 section 2.5.5.2: IPv4 that arrives at a socket for both families is IPv4, in logs and rules too.
      if high == 0, low >> 32 == 0xFFFF {
        family = .ipv4
        self.low = low & 0xFFFF_FFFF
      } else {
        family = .ipv6
        self.low = low
      }
    default:
      family = .unix
      port = 0
      high = 0
      low = 0
    }
  }

  /// Whether it is loopback or a Unix socket.
  package var isLocal: Bool {
    switch family {
    case .unix: true
    case .ipv4: low >> 24 == 127
    case .ipv6: high == 0 && low == 1
    }
  }
}

extension PeerIdentity {
  /// The address in network byte order: 4 bytes, 16 bytes, or none for a Unix socket.
  package var addressBytes: [UInt8] {
    switch family {
    case .unix: []
    case .ipv4: (0..<4).map { UInt8(truncatingIfNeeded: low >> UInt64(24 - $0 * 8)) }
    case .ipv6:
      (0..<16).map { i in
        UInt8(truncatingIfNeeded: (i < 8 ? high : low) >> UInt64(56 - i % 8 * 8))
      }
    }
  }

  /// Appends the address without the port, as in logs; `unix:` and the user for a Unix socket.
  package func put(into out: inout ByteBuffer) {
    switch family {
    case .ipv4:
      putOctet(24, into: &out)
      putOctet(16, into: &out)
      putOctet(8, into: &out)
      putOctet(0, into: &out)
    case .ipv6: out.put(text: numericText)
    case .unix:
      out.put("unix:")
      if user != .max { out.put(decimal: Int(user)) }
    }
  }
}

extension PeerIdentity {
  /// Appends the octet of an IPv4 address at the bit `shift`, with its dot unless it is the last one.
  @inline(__always)
  private func putOctet(_ shift: UInt64, into out: inout ByteBuffer) {
    let octet = low &>> shift & 255
    let dots = shift == 0 ? 0 : 1
    // The last digit, and the dot after it.
    if octet < 10 { return out.put(word: 0x2E30 &+ octet, count: 1 &+ dots) }
    // For the values that occur here, x * 41 >> 12 is x / 100, and x * 103 >> 10 is x / 10.
    let hundreds = (octet &* 41) &>> 12
    let rest = octet &- hundreds &* 100
    let tens = (rest &* 103) &>> 10
    let digits = 0x2E30_3030 &+ (hundreds | tens &<< 8 | (rest &- tens &* 10) &<< 16)
    if octet < 100 { return out.put(word: digits &>> 8, count: 2 &+ dots) }
    out.put(word: digits, count: 3 &+ dots)
  }
}

extension PeerIdentity: CustomStringConvertible {
  package var description: String {
    switch family {
    case .unix: return "unix:"
    case .ipv4:
      let parts = [24, 16, 8, 0].map { String(low >> UInt64($0) & 255) }
      return parts.joined(separator: ".") + ":\(port)"
    case .ipv6:
      return "[\(numericText)]:\(port)"
    }
  }

  /// An IPv6 address in the format of RFC 5952.
  private var numericText: String {
    let groups = [high, low].flatMap { word in
      [48, 32, 16, 0].map { String(word >> UInt64($0) & 0xFFFF, radix: 16) }
    }
    return compressed(groups)
  }

  /// Replaces the longest run of two or more zero groups by `::`, RFC 5952 section 4.2.
  private func compressed(_ groups: [String]) -> String {
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == "0" { end += 1 }
      if end - start > best.count { best = start..<end }
      start = max(end, start + 1)
    }
    guard best.count > 1 else { return groups.joined(separator: ":") }
    return groups[..<best.lowerBound].joined(separator: ":") + "::"
      + groups[best.upperBound...].joined(separator: ":")
  }
}
