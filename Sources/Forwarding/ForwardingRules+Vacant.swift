/// Placeholders for apps and callers that were removed. No request can name them.
extension ForwardingRules.App {
  package static let vacant: ForwardingRules.App = {
    var app = ForwardingRules.App(
      name: "", isManagement: false, credentials: [], unknownCredential: nil)
    app.isInForce = false
    return app
  }()
}

extension ForwardingRules.Caller {
  package static let vacant: ForwardingRules.Caller = {
    var caller = ForwardingRules.Caller(
      name: "", apps: [], defaultApp: nil, operations: OperationSet(),
      mayUseUnknownOperations: false, mode: .frozen)
    caller.isInForce = false
    return caller
  }()
}
