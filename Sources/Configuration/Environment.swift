// Proof: `environ` is read under the lock below, and changed nowhere else in this process.
@unsafe @preconcurrency internal import Glibc
package import Memory
internal import Synchronization

/// The environment as the configuration sees it: ordinary variables that stay, and secrets that are taken.
///
/// A secret taken from the process environment is overwritten there and unset, so that neither
/// `/proc/PID/environ` nor a child process has it. It is remembered here in protected memory, because a
/// reload asks for it again: keep one `Environment` for the life of the process.
package final class Environment: Sendable {
  /// What became of asking for a secret.
  enum Taken {
    case missing
    case unfit(CredentialText.Defect)
    case secret(SecretBytes)
  }

  private struct State: Sendable {
    /// Variables given by hand; nil: those of the process.
    var fixed: [String: String]?
    var taken: [String: SecretBytes] = [:]
  }

  private let state: Mutex<State>

  /// The variables of this process. Taking a secret changes them, so the first load comes before other
  /// threads that read the environment.
  package init() { state = Mutex(State(fixed: nil)) }

  /// `variables` and no others, for tests and for commands that must not depend on the environment.
  package init(_ variables: [String: String]) { state = Mutex(State(fixed: variables)) }

  /// Names of all variables, secrets already taken left out.
  package var names: [String] {
    state.withLock { state in state.fixed.map { Array($0.keys) } ?? ProcessVariables.names }
  }

  /// The value of `name`; nil when it is unset or empty.
  package func value(_ name: String) -> String? {
    let value = state.withLock { state in
      if let fixed = state.fixed { return fixed[name] }
      return ProcessVariables.bytes(of: name).map { String(decoding: $0, as: UTF8.self) }
    }
    return value?.isEmpty == false ? value : nil
  }

  /// Whether `name` is set and not empty, or was taken.
  func has(_ name: String) -> Bool {
    value(name) != nil || state.withLock { $0.taken[name] != nil }
  }

  /// The secrets that were taken out of the environment, for another process of this gateway, which finds them nowhere
  /// else.
  package var takenSecrets: [(name: String, secret: SecretBytes)] {
    state.withLock { state in state.taken.map { (name: $0.key, secret: $0.value) } }
  }

  /// A secret that another process of this gateway has taken out of the environment. One that stands there counts more.
  package func restore(_ name: String, _ secret: SecretBytes) {
    state.withLock { $0.taken[name] = secret }
  }

  /// The secret in `name`, removed from the environment. `isList`: it is text that holds secrets, which whoever
  /// takes it apart has to look at.
  func takeSecret(_ name: String, isList: Bool = false) -> Taken {
    state.withLock { state in
      var bytes: [UInt8]
      if let fixed = state.fixed {
        bytes = fixed[name].map { Array($0.utf8) } ?? []
        state.fixed?[name] = nil
      } else {
        bytes = ProcessVariables.bytes(of: name) ?? []
        ProcessVariables.erase(name)
      }
      if bytes.isEmpty { return state.taken[name].map { .secret($0) } ?? .missing }
      if !isList, let defect = SecretRules.defect(of: bytes) {
        for i in bytes.indices { bytes[i] = 0 }
        return .unfit(defect)
      }
      let secret = SecretBytes(taking: &bytes)
      state.taken[name] = secret
      return .secret(secret)
    }
  }
}

/// The C environment of this process.
private enum ProcessVariables {
  static var names: [String] {
    var names: [String] = []
    // Proof: environ is a null-terminated array of C strings, and nobody changes it during the walk:
    // the first load runs before other threads, later ones find nothing to unset.
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      // The name alone: a copy of the value, which may be a secret, would stay in freed memory.
      let length = unsafe strcspn(text, "=")
      if unsafe text[length] != 0 {
        names.append(
          unsafe String(
            decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self))
      }
      // Proof: `text` was not null, so the array's end is still ahead.
      unsafe entry += 1
    }
    return names
  }

  static func bytes(of name: String) -> [UInt8]? {
    // Proof: getenv returns a C string of the environment, copied at once.
    guard let value = unsafe getenv(name) else { return nil }
    let buffer = unsafe UnsafeRawBufferPointer(start: value, count: strlen(value))
    return unsafe Array(buffer)
  }

  /// Overwrites the value where it stands, then unsets it.
  static func erase(_ name: String) {
    guard let value = unsafe getenv(name) else { return }
    // Proof: the environment block is writable, and strlen bytes of it are this value.
    unsafe explicit_bzero(value, strlen(value))
    _ = unsafe unsetenv(name)
  }
}
