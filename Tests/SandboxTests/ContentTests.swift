import LocalServer
import Memory
import System
import Testing

@testable import Sandbox

@Suite("An uploaded course is what its content says")
struct ContentTests {
  static let golf = Rig.zip([
    "imsmanifest.xml": """
    <manifest xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schemaversion>1.2</schemaversion>
    <lom><general><title><langstring xml:lang="en">Golf</langstring></title>
    <keyword><langstring>sport</langstring></keyword></general></lom></metadata>
    <organizations default="o"><organization identifier="o"><title>Golf Explained</title>
    <item identifier="i1" identifierref="r1"><title>Etiquette</title></item></organization></organizations>
    <resources><resource identifier="r1" adlcp:scormtype="sco" href="e.html"/></resources></manifest>
    """,
    "e.html": "<title>Etiquette</title>",
  ])

  @Test("Title, learning standard, activities and metadata come from the manifest (CourseSchema)")
  func manifest() {
    var rig = Rig()
    let job = rig.finishImport(rig.upload("courseId=golf", ContentTests.golf))
    #expect(job["status"] == "COMPLETE")
    #expect(job["importResult"]?["course"]?["title"] == "Golf Explained")
    #expect(job["importResult"]?["courseLanguages"] == ["en"])
    let course = rig.call("GET", "/courses/golf?includeCourseMetadata=true").json
    #expect(course["courseLearningStandard"] == "SCORM12")
    #expect(course["metadata"]?["keywords"] == ["sport"])
    #expect(course["rootActivity"]?["children"]?.elements?.first?["href"] == "e.html")
  }

  @Test("Zip, file list, assets and versions give back what went up")
  func comesBack() {
    var rig = Rig()
    _ = rig.finishImport(rig.upload("courseId=c", ContentTests.golf))
    _ = rig.finishImport(rig.upload("courseId=c&mayCreateNewVersion=true", Rig.smallCourse))
    #expect(rig.call("GET", "/courses/c/zip").kept == Rig.smallCourse)
    #expect(rig.call("GET", "/courses/c/versions/0/zip").kept == ContentTests.golf)
    let files = rig.call("GET", "/courses/c/versions/0").json
    #expect(files["title"] != nil)
    let list = rig.call("GET", "/courses/c/versions/0/asset/list").json
    let paths = list["files"]?.elements?.compactMap { $0["path"]?.string }
    #expect(paths == ["imsmanifest.xml", "e.html"])
    let asset = rig.call("GET", "/courses/c/versions/0/asset?relativePath=e.html")
    #expect(asset.text == "<title>Etiquette</title>")
  }

  @Test(
    "Garbage, a cut zip and a zip without a manifest end the import as ERROR, with a message",
    arguments: [
      (Array("not a zip".utf8), "not a zip"), (Array(ContentTests.golf.dropLast(30)), "zip"),
      (Rig.zip(["index.html": "x"]), "no manifest"),
      (Rig.zip(["imsmanifest.xml": "<manifest>"]), "not well-formed"),
    ])
  func garbage(content: [UInt8], word: String) {
    var rig = Rig()
    let job = rig.finishImport(rig.upload("courseId=c", content))
    #expect(job["status"] == "ERROR")
    #expect(job["message"]?.string?.contains(word) == true, "\(job)")
    #expect(rig.call("GET", "/courses/c").status == 404)
  }

  @Test("An upload without a part called file ends as ERROR")
  func noFile() {
    var rig = Rig()
    let upload = rig.call(
      "POST", "/courses/importJobs/upload?courseId=c", "z", type: "multipart/form-data; boundary=b")
    #expect(rig.finishImport(upload)["status"] == "ERROR")
  }

  @Test("A PDF is taken with its type, and what the caller says of it (contentMetadata)")
  func pdf() {
    var rig = Rig()
    let upload = rig.upload(
      "courseId=p", Array("%PDF-1.7".utf8),
      fields: [(name: "uploadedContentType", value: "application/pdf")],
      metadata: #"{"title":"Paper","contentLanguage":"de"}"#)
    #expect(rig.finishImport(upload)["status"] == "COMPLETE")
    let course = rig.call("GET", "/courses/p?includeCourseMetadata=true").json
    #expect(course["title"] == "Paper" && course["courseLearningStandard"] == "UNKNOWN")
    #expect(course["metadata"]?["titleLanguage"] == "de")
    #expect(rig.call("GET", "/courses/p/zip").kept == Array("%PDF-1.7".utf8))
  }

  @Test("A long upload is read where the server put it, on disk")
  func onDisk() throws {
    var rig = Rig()
    let page = String(repeating: "-- --b \r\n", count: 400_000)
    let zip = Rig.zip([
      "tincan.xml":
        "<tincan><activities><activity id='urn:x'><name>Long</name><launch>i.html</launch></activity></activities></tincan>",
      "i.html": page,
    ])
    let head =
      "--b\r\nContent-Disposition: form-data; name=\"contentMetadata\"\r\n\r\n{}"
      + "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"c.zip\"\r\n\r\n"
    let body = Array(head.utf8) + zip + Array("\r\n--b--\r\n".utf8)
    let file = try #require(KeptFile(in: "/tmp"))
    let isWritten = file.write(body.span.bytesOfElements, at: 0)
    #expect(isWritten)
    var request = LocalRequest(
      method: "POST", path: "/api/v2/courses/importJobs/upload", query: "courseId=c",
      fields: [
        (name: "Authorization", value: Rig.application),
        (name: "Content-Type", value: "multipart/form-data; boundary=b"),
      ], body: Array(body.prefix(1 << 20)), bodySize: body.count)
    request.bodyFile = file
    let job = rig.finishImport(rig.cloud.respond(to: request))
    #expect(job["importResult"]?["course"]?["title"] == "Long")
    #expect(job["importResult"]?["course"]?["xapiActivityId"] == "urn:x")
    #expect(rig.call("GET", "/courses/c/zip").kept == zip)
  }
}
