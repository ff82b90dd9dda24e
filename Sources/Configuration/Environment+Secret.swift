package import Memory

extension Environment {
  /// The secret in `name`, removed from the environment; nil when it is unset or empty, and when no header
  /// field could hold it.
  package func secret(_ name: String) -> SecretBytes? {
    guard case .secret(let secret) = takeSecret(name) else { return nil }
    return secret
  }
}
