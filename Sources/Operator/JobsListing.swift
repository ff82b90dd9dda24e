package import Forwarding
package import GatewayServer
internal import JSONText
internal import SCORMCloudAPI
package import System

/// The jobs that callers have waited for, as `/api/jobs` and `jobs` show them.
package struct JobsListing {
  private let jobs: [JobBoard.Job]
  private let now: Int64

  package init(_ relays: RelayShared) { self.init(relays.jobs.all, at: relays.clock.wall) }

  /// - Parameter now: nanoseconds since 1970.
  package init(_ jobs: [JobBoard.Job], at now: Int64) {
    self.jobs = jobs
    self.now = now
  }

  /// The jobs as JSON, for scripts: newest first, `age` in seconds.
  package var json: String {
    let rows = jobs.map { job in
      let texts = [
        ("id", job.key.id), ("operation", job.operation), ("poll", job.key.poll),
        ("app", job.key.app), ("caller", job.caller), ("state", job.status),
        ("since", ModesListing.stamp(job.since)), ("told", ModesListing.stamp(job.told)),
      ].map { "\"\($0.0)\":\($0.1.quotedAsJSON)" }
      let rest = [
        "\"finished\":\(job.state.isFinal)", "\"polls\":\(job.polls)",
        "\"waiting\":\(job.waiting)", "\"left\":\(job.left)",
      ]
      return "{" + (texts + rest).joined(separator: ",") + "}"
    }
    return "{\"jobs\":[\(rows.joined(separator: ","))]}\n"
  }

  /// The jobs as a table, for people.
  package func table(in room: TextTable.Room) -> String {
    guard !jobs.isEmpty else { return "No caller has waited for a job (Prefer: wait=N).\n" }
    var table = TextTable([
      .init("job", least: 12), .init("state"), .init("operation", least: 12, rank: 1),
      .init("caller", least: 8), .init("app", least: 6, rank: 2), .init("since", isRight: true),
      .init("polls", isRight: true, rank: 2), .init("waiting", isRight: true),
      .init("left", isRight: true),
    ])
    for job in jobs {
      table.append([
        job.key.id, job.status.isEmpty ? "-" : job.status, job.operation, job.caller, job.key.app,
        DurationText.text(nanoseconds: max(0, now - job.since)), String(job.polls),
        String(job.waiting), String(job.left),
      ])
    }
    return table.text(in: room)
  }
}
