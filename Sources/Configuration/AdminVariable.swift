/// The environment variable with the address of the admin pages, for commands that contact a running gateway without
/// reading a configuration file.
package enum AdminVariable {
  package static let name = "SCORM_GATEWAY_ADMIN_ADDRESS"

  /// The variable's value; nil if it is unset, empty, or `null`, which means that there are no admin pages.
  package static func value(in environment: Environment) -> String? {
    let value = Overlay.value(of: "admin.address", in: environment)
    return value == "null" ? nil : value
  }
}
