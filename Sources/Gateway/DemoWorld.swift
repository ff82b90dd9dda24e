internal import Sandbox

/// The data that the demo starts with, so that every page and command has something to show.
enum DemoWorld {
  /// The gateway's configuration, except for addresses.
  static let configuration = """
    apps:
      - name: main
        id: {env: SCORM_APP_ID}
        secret: {env: SCORM_SECRET_KEY}
    limits:
      - name: all
        per: app
        rate: 50/1s
        burst: 100
        onExceed: queue
      - name: writes
        per: app
        match: {access: write}
        rate: 60/1m
        burst: 20
        concurrency: 4
        onExceed: refuse

    """

  private static let courses = [
    ("golf", "Golf Explained", ["sport"]), ("first-aid", "First Aid at Work", ["safety"]),
    ("fire", "Fire Safety", ["safety"]), ("gdpr", "Data Protection", ["law", "it"]),
    ("phishing", "Recognising Phishing", ["it"]), ("swift", "Swift for Servers", ["it"]),
    ("lifting", "Lifting and Carrying", ["safety"]), ("feedback", "Giving Feedback", ["people"]),
    ("meetings", "Shorter Meetings", ["people"]), ("forklift", "Forklift Licence", ["safety"]),
    ("hygiene", "Kitchen Hygiene", ["food"]), ("wine", "Wine Basics", ["food"]),
  ]
  private static let learners = [
    ("ada", "Ada", "Lovelace"), ("alan", "Alan", "Turing"), ("grace", "Grace", "Hopper"),
    ("edsger", "Edsger", "Dijkstra"), ("barbara", "Barbara", "Liskov"), ("tony", "Tony", "Hoare"),
  ]

  /// Twelve courses, one registration of each learner for some of them, and a destination.
  static let seed: JSONValue = [
    "applications": [
      [
        "id": .string(SandboxService.defaultApp.id),
        "secret": .string(SandboxService.defaultApp.secret),
        "courses": .array(
          courses.map { id, title, tags in
            ["id": .string(id), "title": .string(title), "tags": .strings(tags)]
          }),
        "registrations": .array(registrations),
        "destinations": [["id": "campus", "data": ["name": "Campus"]]],
      ]
    ]
  ]

  private static var registrations: [JSONValue] {
    var registrations: [JSONValue] = []
    for (number, learner) in learners.enumerated() {
      for course in 0..<4 {
        let id = courses[(number * 3 + course) % courses.count].0
        registrations.append([
          "id": .string("\(learner.0)-\(id)"), "courseId": .string(id),
          "learner": [
            "id": .string(learner.0), "firstName": .string(learner.1),
            "lastName": .string(learner.2),
          ],
        ])
      }
    }
    return registrations
  }

  /// Calls that the demo makes, relative to the base URL: lists, a second page, things that exist and things that do
  /// not, and a path that matches no operation.
  static let calls = [
    "/courses", "/courses?includeTotalCount=true&orderBy=title_asc", "/courses/golf",
    "/courses/golf/versions", "/registrations", "/registrations/ada-golf",
    "/registrations?courseId=fire", "/dispatch/destinations", "/courses/none", "/course",
  ]
}
