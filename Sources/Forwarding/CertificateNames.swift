/// A name in a certificate that identifies a caller.
package enum CertificateName: Sendable, Equatable {
  /// Compared byte for byte.
  case uri([UInt8])
  /// In lower case. An internationalised name is an A-label (RFC 5890 section 2.3.2.1).
  case dns([UInt8])

  /// As written to the log: `URI:spiffe://corp/crm`.
  package var text: String {
    switch self {
    case .uri(let bytes): "URI:" + String(decoding: bytes, as: UTF8.self)
    case .dns(let bytes): "DNS:" + String(decoding: bytes, as: UTF8.self)
    }
  }
}

/// The subject alternative names of a verified certificate, as far as they can identify a caller.
///
/// Any of them counts, not only the first. The common name does not (RFC 9525 section 2), nor does a wildcard, which
/// names no one. A certificate that can be read in two ways identifies no caller.
package struct CertificateNames: Sendable, Equatable {
  /// Why a certificate identifies no caller, whatever its names are.
  package enum Objection: String, Sendable {
    /// An X.509-SVID has exactly one SPIFFE id (SPIFFE X509-SVID section 2).
    case severalSPIFFEIDs = "it has more than one SPIFFE ID"
    /// Software that takes a zero byte for the end reads a different name.
    case zeroByte = "one of its names has a zero byte in it"
  }

  /// In the certificate's order.
  package let names: [CertificateName]
  package let objection: Objection?

  /// - Parameter alternatives: Names as they are in the certificate.
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

  /// Whether this certificate identifies the caller that `name` identifies.
  package func has(_ name: CertificateName) -> Bool {
    objection == nil && !CertificateNames.isPattern(name) && names.contains(name)
  }

  private static func isPattern(_ name: CertificateName) -> Bool {
    if case .dns(let bytes) = name { bytes.contains(UInt8(ascii: "*")) } else { false }
  }

  /// Whether this is a SPIFFE id. A URI's scheme is case-insensitive (RFC 3986 section 3.1).
  private static func isSPIFFE(_ bytes: [UInt8]) -> Bool {
    bytes.prefix(7).map(lowercased).elementsEqual("spiffe:".utf8)
  }

  /// Folds ASCII letters only (RFC 4343).
  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
  }
}
