/// What the environment says about where the admin pages are, for commands that ask a running gateway and read no
/// configuration file.
package enum AdminVariable {
  package static let name = "SCORM_GATEWAY_ADMIN_ADDRESS"

  /// Its value; nil when it is unset, empty or `null`, which says that there are none.
  package static func value(in environment: Environment) -> String? {
    let value = Overlay.value(of: "admin.address", in: environment)
    return value == "null" ? nil : value
  }
}
