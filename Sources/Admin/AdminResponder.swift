package import LocalServer
package struct ReadinessCheck: Sendable { package init(name: String, isReady: Bool, detail: String) {} }
package struct AdminSources: Sendable {
  package init(readiness: @escaping @Sendable () -> [ReadinessCheck], isDraining: @escaping @Sendable () -> Bool, metrics: @escaping @Sendable () -> String) {}
}
package struct AdminResponder: LocalResponder { package init(sources: AdminSources) {}
  package mutating func respond(to request: LocalRequest) -> LocalResponse { .text("") } }
