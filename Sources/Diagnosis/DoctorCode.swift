/// The findings of `doctor`. A code never changes its meaning; docs/errors.md has a section for each.
package enum DoctorCode: String, CaseIterable, Sendable {
  case unusableConfiguration = "GW-CFG-01"
  case startWouldFail = "GW-CFG-02"
  case doubtfulConfiguration = "GW-CFG-03"
  case secretReadable = "GW-SEC-01"
  case secretWritable = "GW-SEC-02"
  case secretQuoted = "GW-SEC-03"
  case listenerOpen = "GW-LSN-01"
  case adminOpen = "GW-LSN-02"
  case socketOpen = "GW-LSN-03"
  case ownCertificateEnds = "GW-LSN-04"
  case ownCertificateEnded = "GW-LSN-05"
  case tlsFilesUnusable = "GW-LSN-06"
  case revocationsEnded = "GW-LSN-07"
  case diskLow = "GW-DSK-01"
  case diskFull = "GW-DSK-02"
  case nameUnknown = "GW-DNS-01"
  case connectionRefused = "GW-TCP-01"
  case connectionTimeout = "GW-TCP-02"
  case proxyFailed = "GW-PRX-01"
  case certificateUntrusted = "GW-TLS-01"
  case certificateOutOfDate = "GW-TLS-02"
  case certificateOfOtherName = "GW-TLS-03"
  case handshakeFailed = "GW-TLS-04"
  case certificateEnds = "GW-TLS-05"
  case clockOff = "GW-CLK-01"
  case clockFarOff = "GW-CLK-02"
  case secretRefused = "GW-TOK-01"
  case scopeRefused = "GW-TOK-02"
  case tokenEndpointSilent = "GW-TOK-03"
  case tokenEndpointStrange = "GW-TOK-04"
  case nextSecretInUse = "GW-TOK-05"
  case pingRefused = "GW-API-01"
  case pingStrange = "GW-API-02"
  case pingSilent = "GW-API-03"
  case storeUseless = "GW-SHR-01"
  case shareKeyUseless = "GW-SHR-02"

  /// How to fix it.
  package var fix: String {
    switch self {
    case .unusableConfiguration, .startWouldFail, .doubtfulConfiguration:
      "correct the named key; scorm-gateway check lists the problems too"
    case .secretReadable: "chmod 600 the file, owned by the gateway's user"
    case .secretWritable: "chmod go-w the file and its folder"
    case .secretQuoted: "remove the marks from the file or variable"
    case .listenerOpen: "list who may connect in callers[], or listen on a loopback address"
    case .adminOpen: "listen on a loopback address or a Unix socket, or let a firewall decide"
    case .socketOpen: "mode \"0660\" and a group for the services, or callers[].match.unixUser"
    case .ownCertificateEnds, .ownCertificateEnded:
      "renew the certificate; a changed file is used without a restart"
    case .tlsFilesUnusable: "correct the named file; scorm-gateway check lists the problems too"
    case .revocationsEnded: "fetch the authority's current list"
    case .diskLow: "free space, or lower traffic.journal.maxSize"
    case .diskFull: "free space now: log and journal lose records"
    case .nameUnknown: "check the host in the URL, /etc/resolv.conf and the name server"
    case .connectionRefused: "check the port in the URL, routes and firewalls"
    case .connectionTimeout: "a firewall drops the packets, or the host is down"
    case .proxyFailed: "check upstream.proxy or HTTPS_PROXY, and whether it may CONNECT there"
    case .certificateUntrusted:
      "name the CA in upstream.caFile, or install ca-certificates; a proxy that inspects TLS has its own CA"
    case .certificateOutOfDate:
      "check this machine's clock; if it is right, the server's certificate must be renewed"
    case .certificateOfOtherName: "use the certificate's name in the URL"
    case .handshakeFailed: "check that this port accepts TLS 1.2 or later"
    case .certificateEnds: "renew the server's certificate"
    case .clockOff, .clockFarOff: "synchronise the clock: timedatectl set-ntp true"
    case .secretRefused:
      "put the app's current id and secret key from SCORM Cloud (Apps, API) in place"
    case .scopeRefused:
      "grant the scope to the application in SCORM Cloud, or remove the rule from allow"
    case .tokenEndpointSilent: "check tokens.url and the network"
    case .tokenEndpointStrange: "check tokens.url and tokens.endpoint; wait if it limits or fails"
    case .nextSecretInUse: "make it the app's secret, and remove nextSecret"
    case .pingRefused: "check that the app is active, and its permissions in SCORM Cloud"
    case .pingStrange: "check that upstream.url ends in /api/v2"
    case .pingSilent: "check the network, and whether SCORM Cloud is up"
    case .storeUseless: "check shared.url, the store's user and its rights (docs/fleet.md)"
    case .shareKeyUseless:
      "check whether OpenSSL offers AES-256-GCM (a provider may lack it), or remove tokens.share"
    }
  }

  /// Whether SCORM Cloud, or a proxy in front of it, is out of reach.
  package var isOutOfReach: Bool {
    switch self {
    case .nameUnknown, .connectionRefused, .connectionTimeout, .proxyFailed,
      .certificateUntrusted, .certificateOutOfDate, .certificateOfOtherName, .handshakeFailed,
      .tokenEndpointSilent, .pingSilent:
      true
    default: false
    }
  }

  /// Whether the configuration is invalid.
  package var isOfConfiguration: Bool {
    self == .unusableConfiguration || self == .startWouldFail || self == .tlsFilesUnusable
  }
}
