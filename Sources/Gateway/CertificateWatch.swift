internal import Configuration
internal import EventLoop
internal import GatewayServer
internal import Rules
internal import Synchronization
internal import TextCoding

/// Notices changed certificates, keys, authorities and revocation lists, and puts them to use. The thread that waits
/// for signals looks every ``SecretWatch/interval`` milliseconds.
extension GatewayProcess {
  /// Looks at every TLS file once. Files that cannot be used are reported and not used.
  package func lookAtCertificates() {
    let look = tlsFiles.look()
    for warning in look.warnings { tell(.warning(warning)) }
    guard let next = look.next, !readiness.isDraining,
      !isHandingOver.load(ordering: .acquiring)
    else { return }
    let former = tlsFiles.current.all
    // Does nothing during a reload: it reads the files itself, or the next look finds them changed.
    let lines = inForce.withLockIfAvailable { inForce -> [OperatorNotice] in
      do throws(StartError) {
        try put(inForce.roster.settings, in: &inForce, rereadsTrust: false, tls: next)
      } catch { return [.warning("new TLS files cannot be used yet: \(error)")] }
      return next.all.filter { entry in !former.contains { $0.acceptor === entry.acceptor } }
        .map { .info($0.news) }
    }
    for line in lines ?? [] { tell(line) }
  }
}

extension TLSFiles.Entry {
  fileprivate var news: String {
    let end = CalendarTime(secondsSince1970: Int(acceptor.notAfter / 1_000_000_000)).stamp
    return
      "TLS of \(name): its files have changed and are in use; its certificate is good until \(end)"
  }
}
