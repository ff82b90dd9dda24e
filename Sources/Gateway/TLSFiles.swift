internal import Configuration
internal import EventLoop
internal import Synchronization
internal import Telemetry

/// The TLS of every listener and of the admin address: what is in use, and the files that it came from.
///
/// Files change while the gateway runs, often one after the other. Files that do not match each other are not used
/// until they do, and until then the old ones stay in use.
final class TLSFiles: Sendable {
  /// The TLS of one listener.
  struct Entry: Sendable {
    /// The listener's name in metrics and messages.
    var name: String
    var settings: TLSSettings
    var acceptor: TLSAcceptor
    /// The state of its files when they were read.
    var stamps: [SecretFile.Stamp?]
    /// The state of its files at the last look.
    var seen: [SecretFile.Stamp?]
    /// Why the present files are not in use; nil if they are.
    var failure: String?
  }

  /// The entries by the listener's address.
  struct Entries: Sendable {
    var listeners: [ListenAddress: Entry] = [:]
    var admin: Entry?

    /// All entries, sorted by name.
    var all: [Entry] {
      (Array(listeners.values) + [admin].compactMap { $0 }).sorted { $0.name < $1.name }
    }
  }

  private let entries: Mutex<Entries>

  init(_ entries: Entries) { self.entries = Mutex(entries) }

  var current: Entries { entries.withLock { $0 } }

  func use(_ next: Entries) { entries.withLock { $0 = next } }

  /// The TLS acceptor of the admin address; nil without TLS.
  var adminAcceptor: TLSAcceptor? { entries.withLock { $0.admin?.acceptor } }

  /// Reads all files that `settings` name.
  static func read(_ settings: Settings) throws(StartError) -> Entries {
    var entries = Entries()
    for (index, listener) in settings.listeners.enumerated() {
      guard let tls = listener.tls else { continue }
      entries.listeners[listener.address] = try entry(listener.name, tls, "listen[\(index)].tls")
    }
    if let tls = settings.admin?.tls { entries.admin = try entry("admin", tls, "admin.tls") }
    return entries
  }

  private static func entry(
    _ name: String, _ settings: TLSSettings, _ keyPath: String
  ) throws(StartError) -> Entry {
    // Taken before reading, so that the next look notices a change in between.
    let stamps = TLSFiles.stamps(settings)
    do {
      return Entry(
        name: name, settings: settings, acceptor: try TLSAcceptor(reading: settings),
        stamps: stamps, seen: stamps)
    } catch {
      throw StartError(error.text(below: keyPath))
    }
  }

  private static func stamps(_ settings: TLSSettings) -> [SecretFile.Stamp?] {
    settings.files.map { SecretFile(path: $0.path).stamp }
  }

  /// The result of a look at the files.
  struct Look {
    /// All entries, including new ones; nil if there is nothing new to use.
    var next: Entries?
    /// Warnings for the operator.
    var warnings: [String] = []
  }

  /// Checks whether files have changed and reads those that have. A failure is reported once, and only if the files
  /// stayed the same from one look to the next: the second file of a pair may come after the first.
  func look() -> Look {
    var look = Look()
    var all = current
    var isNew = false
    for address in all.listeners.keys {
      guard var entry = all.listeners[address] else { continue }
      if TLSFiles.look(at: &entry, &look.warnings) { isNew = true }
      all.listeners[address] = entry
    }
    if var entry = all.admin {
      if TLSFiles.look(at: &entry, &look.warnings) { isNew = true }
      all.admin = entry
    }
    if isNew {
      look.next = all
    } else {
      use(all)
    }
    return look
  }

  /// Returns whether there is something new to use.
  private static func look(at entry: inout Entry, _ warnings: inout [String]) -> Bool {
    let stamps = stamps(entry.settings)
    let hasSettled = stamps == entry.seen
    entry.seen = stamps
    if stamps == entry.stamps {
      entry.failure = nil
      return false
    }
    if entry.failure != nil, hasSettled { return false }
    do throws(TLSFileProblem) {
      entry.acceptor = try TLSAcceptor(reading: entry.settings)
      entry.stamps = stamps
      entry.failure = nil
      return true
    } catch {
      guard hasSettled else { return false }
      let text = (error.key.map { "\($0): " } ?? "") + error.message
      entry.failure = text
      warnings.append(
        "TLS of \(entry.name): its files changed and cannot be used, so the old ones stay in use: \(text)"
      )
      return false
    }
  }

  func put(into text: inout PrometheusText) {
    let all = current.all
    guard !all.isEmpty else { return }
    text.family(
      "scorm_gateway_tls_not_after_seconds", .gauge,
      "When the certificate in use at a listener ends, in seconds since 1970.")
    for entry in all {
      text.sample(
        [("listener", entry.name)], UInt64(max(0, entry.acceptor.notAfter / 1_000_000_000)))
    }
    text.family(
      "scorm_gateway_tls_reload_failed", .gauge,
      "1 while a listener's TLS files have changed and cannot be used.")
    for entry in all { text.sample([("listener", entry.name)], entry.failure == nil ? 0 : 1) }
  }
}

/// Why files cannot be used for a TLS server.
struct TLSFileProblem: Error {
  /// The key in `tls` that names the file; nil if it is not about one file.
  let key: String?
  let message: String
  var hint = ""

  /// The message, prefixed with the key that it is about.
  func text(below keyPath: String) -> String {
    keyPath + (key.map { "." + $0 } ?? "") + ": " + message
  }
}

extension TLSAcceptor {
  /// Makes an acceptor from the files that `settings` name.
  convenience init(reading settings: TLSSettings) throws(TLSFileProblem) {
    func read(_ key: String, _ path: String) throws(TLSFileProblem) -> [UInt8] {
      do { return try CertificateFile.read(path) } catch {
        throw TLSFileProblem(
          key: key, message: "\(path) is not readable: \(error.description)",
          hint: "create it, readable by the gateway's user")
      }
    }
    let certificate = try read("certificate", settings.certificate)
    let clientCA = try settings.clientCA.map { (path) throws(TLSFileProblem) in
      try read("clientCA", path)
    }
    let clientCRL = try settings.clientCRL.map { (path) throws(TLSFileProblem) in
      try read("clientCRL", path)
    }
    let material: Material
    do {
      material = Material(
        certificate: certificate, key: try CertificateFile.readKey(settings.key),
        clientCA: clientCA, clientCRL: clientCRL, client: ClientCertificates(settings.client),
        minimum: settings.minVersion == .tls12 ? .tls12 : .tls13)
    } catch {
      throw TLSFileProblem(
        key: "key", message: "\(settings.key) is not readable: \(error.description)",
        hint: "create it, readable by the gateway's user only (chmod 600)")
    }
    do { try self.init(material) } catch {
      let name: String? =
        switch error.part {
        case .certificate: "certificate"
        case .key: "key"
        case .clientCA: "clientCA"
        case .clientCRL: "clientCRL"
        case nil: nil
        }
      let path = settings.files.first { $0.key == name }?.path
      throw TLSFileProblem(
        key: name, message: path.map { "\($0): \(error.description)" } ?? error.description,
        hint: error.hint)
    }
  }
}

extension TLSAcceptor.ClientCertificates {
  fileprivate init(_ client: TLSSettings.Client) {
    self =
      switch client {
      case .none: .none
      case .optional: .optional
      case .required: .required
      }
  }
}
