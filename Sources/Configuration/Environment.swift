// Proof: `environ` is read under the lock below, and changed nowhere else in this process.
@unsafe @preconcurrency internal import Glibc
package import Memory
internal import Synchronization

/// The environment as the configuration uses it: ordinary variables, which stay, and secrets, which are removed.
///
/// A removed secret is overwritten in the process environment and unset, so that neither `/proc/PID/environ` nor a
/// child process has it. It is kept in protected memory, because a reload needs it again. Use one `Environment` for the
/// whole life of the process.
package final class Environment: Sendable {
  /// The result of taking a secret.
  enum Taken {
    case missing
    case unfit(CredentialText.Defect)
    case secret(SecretBytes)
  }

  private struct State: Sendable {
    /// Fixed variables; nil uses those of the process.
    var fixed: [String: String]?
    var taken: [String: SecretBytes] = [:]
  }

  private let state: Mutex<State>

  /// Uses the variables of this process. Taking a secret changes them, so the first load must precede the start of
  /// threads that read the environment.
  package init() { state = Mutex(State(fixed: nil)) }

  /// Uses only `variables`, for tests and for commands that must not depend on the environment.
  package init(_ variables: [String: String]) { state = Mutex(State(fixed: variables)) }

  /// The names of all variables except removed secrets.
  package var names: [String] {
    state.withLock { state in state.fixed.map { Array($0.keys) } ?? ProcessVariables.names }
  }

  /// The value of `name`; nil if it is unset or empty.
  package func value(_ name: String) -> String? {
    let value = state.withLock { state in
      if let fixed = state.fixed { return fixed[name] }
      return ProcessVariables.bytes(of: name).map { String(decoding: $0, as: UTF8.self) }
    }
    return value?.isEmpty == false ? value : nil
  }

  /// Whether `name` is set and not empty, or was removed as a secret.
  func has(_ name: String) -> Bool {
    value(name) != nil || state.withLock { $0.taken[name] != nil }
  }

  /// The secrets that were removed from the environment. Another process of this gateway cannot find them elsewhere.
  package var takenSecrets: [(name: String, secret: SecretBytes)] {
    state.withLock { state in state.taken.map { (name: $0.key, secret: $0.value) } }
  }

  /// Restores a secret that another process of this gateway removed from the environment. A value that is still in the
  /// environment takes precedence.
  package func restore(_ name: String, _ secret: SecretBytes) {
    state.withLock { $0.taken[name] = secret }
  }

  /// Takes the secret in `name` and removes it from the environment. With `isList`, the text contains secrets and is
  /// not checked here: code that parses it must check them.
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
    // Proof: environ is a null-terminated array of C strings, and nothing changes it during the walk: the first load
    // runs before other threads start, and later ones find nothing to unset.
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      // Only the name: a copy of the value, which may be a secret, would stay in freed memory.
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

  /// Overwrites the value in place, then unsets the variable.
  static func erase(_ name: String) {
    guard let value = unsafe getenv(name) else { return }
    // Proof: the environment block is writable, and strlen bytes of it are this value.
    unsafe explicit_bzero(value, strlen(value))
    _ = unsafe unsetenv(name)
  }
}
