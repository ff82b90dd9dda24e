package import AccessTokens
internal import CurlTransport
package import Memory

/// One SCORM Cloud application whose tokens are fetched.
package struct TokenApp: Sendable {
  /// The name in the configuration, for texts.
  package let name: String
  /// The app id, the user name of Basic authentication.
  package let id: String
  /// The secret key, the password of Basic authentication.
  package let secret: SecretBytes
  /// The secret key to try if `secret` is refused.
  package let nextSecret: SecretBytes?
  /// Where its tokens come from, if that is not ``TokenServiceSettings/place``: the configuration has changed, and
  /// calls that began earlier are still in progress.
  package var formerPlace: TokenPlace?
  /// False for an app that was removed from the configuration. Listings do not show it.
  package var isInForce = true

  /// The entry for a number without an app.
  package static let vacant: TokenApp = {
    var app = TokenApp(
      name: "", id: "", secret: SecretBytes(copying: [UInt8]().span.bytesOfElements))
    app.isInForce = false
    return app
  }()

  package init(name: String, id: String, secret: SecretBytes, nextSecret: SecretBytes? = nil) {
    self.name = name
    self.id = id
    self.secret = secret
    self.nextSecret = nextSecret
  }

  package var isVacant: Bool { name.isEmpty && id.isEmpty }

  /// In the order in which they are tried.
  var secrets: [SecretBytes] { [secret] + (nextSecret.map { [$0] } ?? []) }

  /// Whether `secret` can be sent.
  package static func isUsable(_ secret: SecretBytes) -> Bool {
    CredentialText.defect(of: secret.bytes) == nil
  }
}

/// Where tokens come from.
package struct TokenPlace: Hashable, Sendable {
  package var endpoint: TokenEndpoint
  /// The endpoint's full URL. Plain `http` is allowed, for a sandbox on loopback.
  package var url: String
  /// A PEM file of certificate authorities to trust instead of the system's.
  package var caFile: String?
  /// The URL of an HTTP CONNECT proxy. If nil, no proxy is used, whatever the environment says.
  package var proxy: String?

  package init(endpoint: TokenEndpoint, url: String) {
    self.endpoint = endpoint
    self.url = url
  }

  /// `https` or `http`; nil for anything else.
  var scheme: String? { HTTPAddress.scheme(of: url) }

  /// Host and port, for texts.
  var host: String { HTTPAddress.authority(of: url) }
}

/// The settings of ``TokenService``.
package struct TokenServiceSettings: Sendable {
  /// Apps by number: ``TokenSlotTable/Key/app`` is an index into it.
  package var apps: [TokenApp]
  package var place: TokenPlace
  /// The lifetime to request in seconds, 1 ... ``TokenAnswer/maximumLifetime``.
  package var lifetime: Int64 = 900
  package var userAgent = "scorm-gateway"
  /// Milliseconds until the connection, including TLS, must be established.
  package var connectTimeout = 3_000
  /// Milliseconds that a whole fetch may take.
  package var totalTimeout = 10_000
  package var schedule = RefreshSchedule()
  /// How tokens are shared with other gateways; nil if they are not.
  package var sharing: TokenSharing?

  package init(apps: [TokenApp], endpoint: TokenEndpoint, url: String) {
    self.apps = apps
    place = TokenPlace(endpoint: endpoint, url: url)
  }

  /// Where the tokens of the app with this number come from.
  func place(of app: Int) -> TokenPlace { apps[app].formerPlace ?? place }

  /// Why the settings cannot work.
  package enum Problem: Error, Equatable, Sendable {
    /// Not `http(s)://host…`, or with a user name, or with characters that a URL cannot have.
    case badURL
    /// The app's id is not valid according to ``CredentialText``.
    case badAppID(app: String)
    /// The app's secret is not valid according to ``CredentialText``.
    case badSecret(app: String)
    /// The lifetime is out of range.
    case badLifetime
    /// A timeout is not positive.
    case badTimeout
    /// A slot belongs to an app that is not listed.
    case unknownApp
    /// The authorities to trust cannot be read, for this reason.
    case badTrust(String)
    /// The thread that fetches tokens does not take the change: it is blocked, or the process is out of descriptors.
    case isBusy
    /// libcurl could not be initialised.
    case noCurl
  }

  /// Checks everything that libcurl would refuse or, worse, interpret differently.
  package func check(against slots: TokenSlotTable) throws(Problem) {
    guard place.scheme != nil, !place.host.isEmpty, !place.host.contains("@"),
      place.url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else { throw .badURL }
    for app in apps where !app.isVacant {
      guard CredentialText.idDefect(of: Array(app.id.utf8).span.bytesOfElements) == nil else {
        throw .badAppID(app: app.name)
      }
      guard app.secrets.allSatisfy(TokenApp.isUsable) else { throw .badSecret(app: app.name) }
    }
    guard lifetime >= 1, lifetime <= TokenAnswer.maximumLifetime else { throw .badLifetime }
    guard connectTimeout > 0, totalTimeout > 0 else { throw .badTimeout }
    for slot in slots.occupied where !apps.indices.contains(slots[slot].app) {
      throw .unknownApp
    }
  }
}
