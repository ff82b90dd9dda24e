internal import LocalServer

/// Content connectors: services from which courses can be imported by reference.
enum ConnectorOperations {
  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let hasMore = call.query.isTrue("includeAdditionalInstanceInformation")
    let entries = state.connectors.entries.map { entry -> JSONValue in
      var value: JSONValue = ["connectorId": .string(entry.identifier.text)]
      value.take(["contentConnectorType", "configuration"], from: entry.value.fields)
      let isEnabled = entry.value["enabled"] ?? true
      // Present only when the connector is enabled (client).
      if hasMore, isEnabled == true { value.set("additionalInstanceInformation", [:]) }
      value.set("enabled", isEnabled)
      return value
    }
    return .value(["connectorEntries": .array(entries)])
  }

  static func create(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    guard let type = body["contentConnectorType"]?.string, !type.isEmpty,
      let configuration = body["configuration"], configuration != .null
    else { throw .message(400, "contentConnectorType and configuration are required.") }
    var connector = Document(["enabled": true], created: call.now)
    connector.fields.take(["contentConnectorType", "configuration", "enabled"], from: body)
    let identifier = state.identifiers.identifier()
    guard state.connectors.insert(connector, at: identifier) else {
      throw .full(state.connectors.limit, "content connectors")
    }
    return .value(["result": .string(identifier.text)])
  }

  static func update(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let body = try call.object()
    let isFound: Void? = state.connectors.update(identifier) { connector in
      connector.fields.take(["configuration", "enabled"], from: body)
      connector.updated = call.now
    }
    guard isFound != nil else { throw .missing("connector", identifier) }
    return .done
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    guard state.connectors.remove(identifier) != nil else {
      throw .missing("connector", identifier)
    }
    return .done
  }
}
