internal import Configuration
internal import Memory
internal import Rules
internal import Synchronization
internal import TokenFetching

/// Notices changed secret files and passes the new secrets on.
///
/// Used only on the thread that waits for signals, which looks every ``interval`` milliseconds. If a file cannot be
/// used, the old secret stays in use, and standard error gets one line per change of the file.
package struct SecretWatch {
  /// Milliseconds between two looks.
  package static let interval: Int32 = 2_000

  private let gateway: GatewayProcess
  private var stamps: [String: SecretFile.Stamp] = [:]

  package init(_ gateway: GatewayProcess) {
    self.gateway = gateway
    for path in paths { stamps[path] = SecretFile(path: path).stamp }
  }

  private var paths: [String] {
    let settings = gateway.settings
    let key = [settings.tokenShare?.keyFile].compactMap { $0 }
    return key + settings.apps.flatMap { [$0.secretFile, $0.nextSecretFile].compactMap { $0 } }
  }

  /// Whether there are files to watch.
  package var isNeeded: Bool { !paths.isEmpty }

  /// Looks at every file once.
  package mutating func look() {
    var changed: Set<String> = []
    for path in paths {
      let stamp = SecretFile(path: path).stamp
      guard stamp != stamps[path] else { continue }
      stamps[path] = stamp
      // A file that is briefly missing is being replaced.
      if stamp != nil { changed.insert(path) }
    }
    if !changed.isEmpty { gateway.rereadSecrets(from: changed) }
  }
}

extension GatewayProcess {
  /// Reads the secrets in these files again and uses them.
  func rereadSecrets(from files: Set<String>) {
    inForce.withLock { inForce in
      rereadShareKey(files, &inForce)
      for (number, item) in inForce.roster.apps.inForce {
        let app = item.app
        var next = app
        if let secret = reread(app.secretFile, of: app, in: files, instead: app.secret) {
          next.secret = secret
        }
        if let old = app.nextSecret,
          let secret = reread(app.nextSecretFile, of: app, in: files, instead: old)
        {
          next.nextSecret = secret
        }
        guard next.secret !== app.secret || next.nextSecret !== app.nextSecret else { continue }
        if tokens.replaceSecrets(app: number, secret: next.secret, nextSecret: next.nextSecret) {
          inForce.roster.setSecrets(next, of: number)
          tell(.info("app \(app.name): its secret file has changed and is in use now"))
        } else {
          tell(
            .warning(
              "app \(app.name): its secret file has changed, but the new secret cannot be sent"))
        }
      }
    }
  }

  private func rereadShareKey(_ files: Set<String>, _ inForce: inout InForce) {
    guard var share = inForce.roster.settings.tokenShare, let path = share.keyFile,
      files.contains(path)
    else { return }
    do throws(SecretFile.Unreadable) {
      let key = try ShareKey.read(path)
      guard !key.hasSameBytes(as: share.key) else { return }
      guard tokens.useShareKey(key) else {
        return tell(
          .warning("tokens.shareKey: the new key cannot be used now; reload to try again"))
      }
      share.key = key
      inForce.roster.setTokenShare(share)
      tell(.info("tokens.shareKey: its file has changed; the new key is used from now on"))
    } catch {
      tell(.warning("tokens.shareKey: its file \(path) \(error); the old key stays in use"))
    }
  }

  /// Reads the secret in `path`; nil if `path` is not among `files`, or the secret is still `old`.
  private func reread(
    _ path: String?, of app: App, in files: Set<String>, instead old: SecretBytes
  ) -> SecretBytes? {
    guard let path, files.contains(path) else { return nil }
    do throws(SecretFile.Unreadable) {
      let secret = try SecretFile(path: path).read()
      return secret.hasSameBytes(as: old) ? nil : secret
    } catch {
      tell(
        .warning("app \(app.name): the secret file \(path) \(error); the old secret stays in use"))
      return nil
    }
  }
}
