internal import Configuration
internal import JSONText
internal import SCORMCloudAPI

/// The text for scripts.
extension PolicySuggestion {
  package var json: String {
    JSONWriter.line { json in
      json.member("since", PolicySuggestion.instant(max(tally.since, tally.first ?? 0)))
      json.member("until", PolicySuggestion.instant(tally.last))
      json.member("calls", tally.calls)
      json.member("includesDestructive", wish.includesDestructive)
      json.array("warnings", of: warnings)
      json.array("callers") { json in
        for caller in callers { json.object { json in put(caller, into: &json) } }
      }
    }
  }

  private func put(_ caller: Caller, into json: inout JSONWriter) {
    json.member("caller", caller.name)
    json.member("isConfigured", caller.present != nil)
    put("apps", caller.apps, into: &json)
    put("allow", caller.allow, into: &json)
    json.member("mode", caller.mode.rawValue)
    json.member("isReadOnly", caller.isReadOnly)
    json.array("scopes", of: caller.scopes)
    json.array("unused") { json in
      for unused in caller.unused {
        json.object { json in
          json.member("grant", unused.text)
          if let used = unused.used {
            json.member("usedOperations", used.used)
            json.member("operations", used.all)
          } else {
            json.name("last")
            if let last = unused.last {
              json.value(PolicySuggestion.instant(last))
            } else {
              json.null()
            }
          }
        }
      }
    }
    put("destructive", caller.destructive, into: &json)
    put("askedFor", caller.askedFor, into: &json)
    put("outOfReach", caller.outOfReach, into: &json)
  }

  private func put(_ name: StaticString, _ grants: [Grant], into json: inout JSONWriter) {
    json.array(name) { json in
      for grant in grants {
        json.object { json in
          json.member("grant", grant.text)
          json.member("isNew", grant.isNew)
          json.member("calls", grant.succeeded.calls)
          json.member("refused", grant.refused.calls)
          json.member("wouldDeny", grant.denied.calls)
          json.member(
            "last", PolicySuggestion.instant(max(grant.succeeded.last, grant.refused.last)))
        }
      }
    }
  }

  private func put(_ name: StaticString, _ rows: [Left], into json: inout JSONWriter) {
    json.array(name) { json in
      for row in rows {
        json.object { json in
          json.member("operation", row.operation)
          json.member("app", row.app)
          json.member("calls", row.calls.calls)
          json.member("last", PolicySuggestion.instant(row.calls.last))
          json.member("reason", row.reason)
        }
      }
    }
  }
}
