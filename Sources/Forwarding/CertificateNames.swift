/// A name by which a caller is known from its certificate.
package enum CertificateName: Sendable, Equatable {
  /// Byte for byte.
  case uri([UInt8])
  /// In lower case; of an internationalised name the A-label (RFC 5890 section 2.3.2.1).
  case dns([UInt8])

  /// As the log writes it: `URI:spiffe://corp/crm`.
  package var text: String {
    switch self {
    case .uri(let bytes): "URI:" + String(decoding: bytes, as: UTF8.self)
    case .dns(let bytes): "DNS:" + String(decoding: bytes, as: UTF8.self)
    }
  }
}

/// The subject alternative names of a certificate that was found to be good, as far as a caller can be known by them.
///
/// Any of them counts, not only the first. The common name does not (RFC 9525 section 2), nor does a wildcard: it is no
/// name of anybody. A certificate that could be read in two ways is nobody's.
package struct CertificateNames: Sendable, Equatable {
  /// Why nobody is known by a certificate, whatever its names are.
  package enum Objection: String, Sendable {
    /// An X.509-SVID has one SPIFFE id (SPIFFE X509-SVID section 2).
    case severalSPIFFEIDs = "it has more than one SPIFFE ID"
    /// Software that takes it for an end reads another name.
    case zeroByte = "one of its names has a zero byte in it"
  }

  /// In the certificate's order.
  package let names: [CertificateName]
  package let objection: Objection?

  /// - Parameter alternatives: names as they stand in the certificate.
  package init(_ alternatives: [(isURI: Bool, bytes: [UInt8])]) {
    var names: [CertificateName] = []
    var spiffeIDs = 0
    var hasZero = false
    for (isURI, bytes) in alternatives {
      if bytes.contains(0) { hasZero = true }
      if isURI {
        if CertificateNames.isSPIFFE(bytes) { spiffeIDs += 1 }
        names.append(.uri(bytes))
      } else {
        names.append(.dns(bytes.map(CertificateNames.lowercased)))
      }
    }
    self.names = names
    objection = hasZero ? .zeroByte : spiffeIDs > 1 ? .severalSPIFFEIDs : nil
  }

  /// Whether a caller that is known by `name` has this certificate.
  package func has(_ name: CertificateName) -> Bool {
    objection == nil && !CertificateNames.isPattern(name) && names.contains(name)
  }

  private static func isPattern(_ name: CertificateName) -> Bool {
    if case .dns(let bytes) = name { bytes.contains(UInt8(ascii: "*")) } else { false }
  }

  /// A URI's scheme has no case (RFC 3986 section 3.1).
  private static func isSPIFFE(_ bytes: [UInt8]) -> Bool {
    bytes.prefix(7).map(lowercased).elementsEqual("spiffe:".utf8)
  }

  /// ASCII letters only (RFC 4343).
  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
  }
}
