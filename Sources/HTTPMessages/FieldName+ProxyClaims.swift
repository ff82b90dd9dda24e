/// Fields in which other proxies and platforms describe a client to the server behind them: its address, certificate
/// and user, and the host and path that it requested. The gateway trusts no sender of such fields, but the upstream
/// may, so none are passed on. `docs/threat-model.md` has the list.
extension FieldName {
  /// Whether a name of six or more bytes begins like one of these fields. Most others differ in the second byte, or in
  /// the one after `x-`.
  static func isProxyClaim(_ name: borrowing Packed) -> Bool {
    name.first == UInt8(ascii: "x") ? isExtensionClaim(name) : isOwnClaim(name)
  }

  private static func isOwnClaim(_ name: borrowing Packed) -> Bool {
    switch name.pair {
    case Packed.pair("a", "k"):
      return name.hasPrefix("akamai-")
    case Packed.pair("a", "l"):
      return name.hasPrefix("ali-cdn-")
    case Packed.pair("c", "d"):
      return name.hasPrefix("cdn-src-ip")
    case Packed.pair("c", "f"):
      return name.hasPrefix("cf-")
    case Packed.pair("c", "l"):
      return name.hasPrefix("client-ip") || name.hasPrefix("cloudfront-")
    case Packed.pair("d", "o"):
      return name.hasPrefix("do-connecting-ip")
    case Packed.pair("f", "a"):
      return name.hasPrefix("fastly-")
    case Packed.pair("f", "l"):
      return name.hasPrefix("fly-")
    case Packed.pair("f", "r"):
      return name.hasPrefix("front-end-https")
    case Packed.pair("h", "t"):
      return name.hasPrefix("http-client-ip")
    case Packed.pair("i", "n"):
      return name.hasPrefix("incap-client-ip")
    case Packed.pair("p", "r"):
      return name.hasPrefix("proxy-client-ip")
    case Packed.pair("r", "e"):
      return name.hasPrefix("remote-")
    case Packed.pair("s", "s"):
      return name.hasPrefix("ssl-")
    case Packed.pair("t", "l"):
      return name.hasPrefix("tls-client-")
    case Packed.pair("t", "r"):
      return name.hasPrefix("true-client-")
    case Packed.pair("w", "l"):
      return name.hasPrefix("wl-proxy-")
    case Packed.pair("z", "-"):
      return name.hasPrefix("z-forwarded-")
    default: return false
    }
  }

  private static func isExtensionClaim(_ name: borrowing Packed) -> Bool {
    switch name.third {
    case UInt8(ascii: "a"):
      return name.hasPrefix("x-amzn-") || name.hasPrefix("x-appengine-")
        || name.hasPrefix("x-appgw-") || name.hasPrefix("x-arr-")
        || name.hasPrefix("x-auth-request-") || name.hasPrefix("x-authenticated-")
        || name.hasPrefix("x-authentik-") || name.hasPrefix("x-azure-")
    case UInt8(ascii: "c"):
      return name.hasPrefix("x-client-cert") || name.hasPrefix("x-client-dn")
        || name.hasPrefix("x-client-ip") || name.hasPrefix("x-client-port")
        || name.hasPrefix("x-client-ssl") || name.hasPrefix("x-client-verify")
        || name.hasPrefix("x-cluster-client-ip") || name.hasPrefix("x-coming-from")
    case UInt8(ascii: "e"):
      return name.hasPrefix("x-envoy-")
    case UInt8(ascii: "g"):
      return name.hasPrefix("x-goog-")
    case UInt8(ascii: "h"):
      return name.hasPrefix("x-host") || name.hasPrefix("x-http-destinationurl")
        || name.hasPrefix("x-http-host-override")
    case UInt8(ascii: "m"):
      return name.hasPrefix("x-ms-client-")
    case UInt8(ascii: "n"):
      return name.hasPrefix("x-nf-client-")
    case UInt8(ascii: "o"):
      return name.hasPrefix("x-original-") || name.hasPrefix("x-originating-ip")
    case UInt8(ascii: "p"):
      return name.hasPrefix("x-pomerium-") || name.hasPrefix("x-proxy")
    case UInt8(ascii: "r"):
      return name.hasPrefix("x-real-") || name.hasPrefix("x-remote-")
        || name.hasPrefix("x-rewrite-")
    case UInt8(ascii: "s"):
      return name.hasPrefix("x-scheme") || name.hasPrefix("x-ssl-") || name.hasPrefix("x-sucuri-")
    case UInt8(ascii: "t"):
      return name.hasPrefix("x-tls-") || name.hasPrefix("x-true-client-")
    case UInt8(ascii: "u"):
      return name.hasPrefix("x-url-scheme")
    case UInt8(ascii: "v"):
      return name.hasPrefix("x-vercel-") || name.hasPrefix("x-vouch-")
    case UInt8(ascii: "w"):
      return name.hasPrefix("x-webauth-")
    default: return false
    }
  }
}
