/// What other proxies and platforms say of a client to the server behind them: its address, its certificate, its
/// user, the host and path it asked for. Nobody in front of the gateway is believed, and the upstream may believe
/// any of them, so none goes up. `docs/threat-model.md` has the list.
extension FieldName {
  /// Whether a name of six bytes and more begins like such a field's. The byte behind the first one, or behind `x-`, tells most others.
  static func isProxyClaim(_ name: borrowing Packed) -> Bool {
    name.first == UInt8(ascii: "x") ? isExtensionClaim(name) : isOwnClaim(name)
  }

  private static func isOwnClaim(_ name: borrowing Packed) -> Bool {
    switch (name.first, name.second) {
    case (UInt8(ascii: "a"), UInt8(ascii: "k")):
      return name.hasPrefix("akamai-")
    case (UInt8(ascii: "a"), UInt8(ascii: "l")):
      return name.hasPrefix("ali-cdn-")
    case (UInt8(ascii: "c"), UInt8(ascii: "d")):
      return name.hasPrefix("cdn-src-ip")
    case (UInt8(ascii: "c"), UInt8(ascii: "f")):
      return name.hasPrefix("cf-")
    case (UInt8(ascii: "c"), UInt8(ascii: "l")):
      return name.hasPrefix("client-ip") || name.hasPrefix("cloudfront-")
    case (UInt8(ascii: "d"), UInt8(ascii: "o")):
      return name.hasPrefix("do-connecting-ip")
    case (UInt8(ascii: "f"), UInt8(ascii: "a")):
      return name.hasPrefix("fastly-")
    case (UInt8(ascii: "f"), UInt8(ascii: "l")):
      return name.hasPrefix("fly-")
    case (UInt8(ascii: "f"), UInt8(ascii: "r")):
      return name.hasPrefix("front-end-https")
    case (UInt8(ascii: "h"), UInt8(ascii: "t")):
      return name.hasPrefix("http-client-ip")
    case (UInt8(ascii: "i"), UInt8(ascii: "n")):
      return name.hasPrefix("incap-client-ip")
    case (UInt8(ascii: "p"), UInt8(ascii: "r")):
      return name.hasPrefix("proxy-client-ip")
    case (UInt8(ascii: "r"), UInt8(ascii: "e")):
      return name.hasPrefix("remote-")
    case (UInt8(ascii: "s"), UInt8(ascii: "s")):
      return name.hasPrefix("ssl-")
    case (UInt8(ascii: "t"), UInt8(ascii: "l")):
      return name.hasPrefix("tls-client-")
    case (UInt8(ascii: "t"), UInt8(ascii: "r")):
      return name.hasPrefix("true-client-")
    case (UInt8(ascii: "w"), UInt8(ascii: "l")):
      return name.hasPrefix("wl-proxy-")
    case (UInt8(ascii: "z"), UInt8(ascii: "-")):
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
