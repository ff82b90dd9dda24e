package import Memory

extension Environment {
  /// The text with secrets in the variable `name`, which is removed from the environment; nil if it is unset or empty.
  package func secretList(_ name: String) -> SecretBytes? {
    guard case .secret(let secret) = takeSecret(name, isList: true) else { return nil }
    return secret
  }
}
