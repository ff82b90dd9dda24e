internal import Configuration
internal import Gateway
internal import System

/// Checks on this machine.
extension Doctor {
  /// Checks the configuration and its secrets.
  func configuration(_ loaded: LoadedSettings) -> [Finding] {
    var checks = StartChecks(loaded)
    checks.compileRules()
    let isOfTLS = { (problem: Problem) in problem.keyPath.contains(".tls.") }
    var findings: [Finding] = checks.problems.map {
      .failure(.configuration, isOfTLS($0) ? .tlsFilesUnusable : .startWouldFail, "\($0)")
    }
    let isOfSecrets = { (problem: Problem) in problem.keyPath.hasPrefix("apps[") }
    let doubts = ConfigurationDoubts(loaded).doubts
    // These have codes of their own and are reported under them.
    let told =
      doubts.filter { $0.subject == .secret || $0.subject == .reach }.map(\.problem)
      + checks.warnings.filter(isOfTLS)
    for problem in loaded.warnings + checks.warnings
    where !told.contains(problem) && !isOfSecrets(problem) {
      findings.append(.warning(.configuration, .doubtfulConfiguration, "\(problem)"))
    }
    if findings.isEmpty {
      let settings = loaded.settings
      findings.append(
        .ok(
          .configuration,
          "\(file ?? "environment"): \(settings.contents)"))
    }
    var secrets: [Finding] = loaded.warnings.filter(isOfSecrets).map {
      .warning(.secrets, .secretReadable, "\($0)")
    }
    secrets += doubts.filter { $0.subject == .secret }.map {
      .warning(.secrets, .secretQuoted, "\($0.problem)")
    }
    secrets += writableSecrets(loaded.settings)
    if secrets.isEmpty {
      let apps = loaded.settings.apps.map(\.name).joined(separator: ", ")
      secrets.append(.ok(.secrets, "\(apps): read; other users cannot read them"))
    }
    return findings + secrets
  }

  private func writableSecrets(_ settings: Settings) -> [Finding] {
    let files =
      settings.apps.flatMap { app in
        [app.secretFile, app.nextSecretFile].compactMap { $0 }.map { ("app \(app.name)", $0) }
      }
      + [
        settings.shared?.passwordFile.map { ("shared.password", $0) },
        settings.tokenShare?.keyFile.map { ("tokens.shareKey", $0) },
      ].compactMap { $0 }
    return files.compactMap { owner, path -> Finding? in
      let folder = path.lastIndex(of: "/").map {
        $0 == path.startIndex ? "/" : String(path[..<$0])
      }
      let open = [path, folder ?? "."].first(where: DiskSpace.isWritableByOthers)
      return open.map {
        .warning(.secrets, .secretWritable, "\(owner): other users can change \($0)")
      }
    }
  }

  // MARK: Listeners

  func listeners(_ settings: Settings) -> [Finding] {
    var findings: [Finding] = []
    for listener in settings.listeners {
      let address = listener.address
      let needsCertificate = listener.tls?.client == .required
      let who =
        listener.caller.map { "every connection is \($0)" }
        ?? (settings.callers.isEmpty
          ? needsCertificate
            ? "everyone with a certificate may do everything"
            : "everyone who connects may do everything"
          : "callers[] decide (\(settings.callers.count))")
      let reach = Doctor.reach(address, mode: listener.socketMode) + Doctor.text(listener.tls)
      findings += certificates(listener.tls, "\(address)")
      let isOpenSocket = !address.isTCP && listener.socketMode & 0o007 != 0
      if settings.callers.isEmpty, !address.isLocal, !needsCertificate {
        findings.append(.warning(.listeners, .listenerOpen, "\(address): \(reach); \(who)"))
      } else if settings.callers.isEmpty, isOpenSocket {
        findings.append(.warning(.listeners, .socketOpen, "\(address): \(reach); \(who)"))
      } else {
        findings.append(.ok(.listeners, "\(address): \(reach); \(who)"))
      }
    }
    guard let admin = settings.admin else {
      return findings + [.ok(.listeners, "no admin address")]
    }
    let text =
      "admin \(admin.address): \(Doctor.reach(admin.address, mode: admin.socketMode))"
      + Doctor.text(admin.tls)
    findings += certificates(admin.tls, "admin \(admin.address)")
    findings.append(
      admin.address.isLocal || admin.tls?.client == .required
        ? .ok(.listeners, text) : .warning(.listeners, .adminOpen, text))
    return findings
  }

  private static func text(_ tls: TLSSettings?) -> String {
    guard let tls else { return "" }
    return switch tls.client {
    case .none: ", by TLS"
    case .optional: ", by TLS, with or without a certificate"
    case .required: ", by TLS, with a certificate"
    }
  }

  /// Reports present and imminent problems with a listener's own certificate.
  private func certificates(_ tls: TLSSettings?, _ name: String) -> [Finding] {
    guard let tls else { return [] }
    return CertificateDoubt.of(tls, at: clock.wall).map { doubt in
      let text = "\(name): \(doubt.message)"
      return switch doubt.kind {
      case .ends: .warning(.listeners, .ownCertificateEnds, text)
      case .ended: .failure(.listeners, .ownCertificateEnded, text)
      case .revocationsEnd: .warning(.listeners, .doubtfulConfiguration, text)
      case .revocationsEnded: .failure(.listeners, .revocationsEnded, text)
      }
    }
  }

  private static func reach(_ address: ListenAddress, mode: UInt16) -> String {
    guard address.isTCP else {
      return mode & 0o007 != 0
        ? "every user of this machine" : mode & 0o070 != 0 ? "its owner and group" : "its owner"
    }
    return address.isLocal ? "this machine only" : "other machines reach it"
  }

  // MARK: Disk

  /// With fewer free bytes, records will soon be lost.
  static let leastFree: Int64 = 16 << 20
  /// With fewer free bytes, an operator should look.
  static let littleFree: Int64 = 256 << 20

  func disk(_ settings: Settings) -> [Finding] {
    var findings: [Finding] = []
    if case .file(let path)? = settings.traffic.log?.destination {
      findings.append(disk("traffic log", path, mayGrow: 0))
    }
    if let journal = settings.traffic.journal {
      let place = journal.path.map(JournalPlace.file) ?? JournalPlace.usual(environment)
      switch place {
      case .file(let path):
        let left = Int64(journal.maxSize.bytes) - DiskSpace.size(of: path)
        findings.append(disk("journal", path, mayGrow: max(0, left)))
      case .none(let reason): findings.append(.ok(.disk, "no journal: \(reason)"))
      }
    }
    return findings.isEmpty ? [.ok(.disk, "no file is written")] : findings
  }

  private func disk(_ what: String, _ path: String, mayGrow: Int64) -> Finding {
    guard let free = freeSpace(path) else {
      return .skipped(.disk, "\(what) \(path): the free space is unknown")
    }
    let text = "\(what) \(path): \(free >> 20) MiB free"
    if free < Doctor.leastFree { return .failure(.disk, .diskFull, text) }
    if free < max(mayGrow, Doctor.littleFree) {
      return .warning(
        .disk, .diskLow, mayGrow > 0 ? "\(text), and it may grow by \(mayGrow >> 20) MiB" : text)
    }
    return .ok(.disk, text)
  }
}

extension ListenAddress {
  fileprivate var isTCP: Bool {
    if case .tcp = self { return true }
    return false
  }
}
