/// What this build calls itself.
package enum GatewayVersion {
  package static let text = "0.1.0"
}
