internal import Admin
internal import GatewayServer

/// The admin pages that take parameters, over a gateway that runs.
extension AdminActions {
  static func explanation(_ query: AdminQuery, _ relays: RelayShared) -> AdminAnswer {
    guard let method = query.first("method"), let path = query.first("path") else {
      return .badQuery("Say what is called: /api/explain?method=GET&path=/api/v2/courses.")
    }
    let call = ExplainedCall(
      method: method, target: path, app: query.first("app"), caller: query.first("caller"),
      fields: query.all("header"))
    do {
      let explanation = try Explanation(call, ExplanationSources(relays))
      return query.wantsTable ? .table(explanation.table) : .json(explanation.json)
    } catch {
      return .badQuery("\(error).")
    }
  }
}
