import Testing

@testable import CourseContent

@Suite("Manifests of the learning standards are understood")
struct ManifestTests {
  private func describe(_ files: KeyValuePairs<String, String>) throws -> CourseDescription {
    try ZipFile.describe(ZipFile(files).bytes)
  }

  private static let scorm12 = """
    <manifest identifier="M" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
      <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion>
        <lom><general>
          <title><langstring xml:lang="en-US">Golf Explained</langstring></title>
          <description><langstring xml:lang="en-US">About golf.</langstring></description>
          <keyword><langstring>golf</langstring></keyword><keyword><langstring>sport</langstring></keyword>
        </general><educational><typicallearningtime><datetime>PT1H</datetime></typicallearningtime></educational></lom>
      </metadata>
      <organizations default="O"><organization identifier="Other"><title>Other</title></organization>
        <organization identifier="O"><title>Golf</title>
          <item identifier="I1" identifierref="R1"><title>Etiquette</title><adlcp:masteryscore>80</adlcp:masteryscore></item>
          <item identifier="I2"><title>Handicapping</title>
            <item identifier="I3" identifierref="R2"><title>Overview</title></item>
            <item identifier="I4" identifierref="R9"><title>Gone</title></item></item>
        </organization></organizations>
      <resources><resource identifier="R1" type="webcontent" adlcp:scormtype="sco" href="e.html"/>
        <resource identifier="R2" xml:base="h/" adlcp:scormtype="asset" href="o.html"/></resources>
    </manifest>
    """

  @Test("SCORM 1.2: title, activities, passing score and metadata (IMS CP 1.1.2, LOM)")
  func scorm12() throws {
    let course = try describe(["imsmanifest.xml": ManifestTests.scorm12, "e.html": "x"])
    #expect(course.standard == .scorm12 && course.title == "Golf")
    #expect(course.metadata.title == "Golf Explained" && course.metadata.titleLanguage == "en-US")
    #expect(course.metadata.keywords == ["golf", "sport"] && course.metadata.typicalTime == "PT1H")
    let root = try #require(course.root)
    #expect(root.itemIdentifier == "O" && root.kind == .aggregation && root.children.count == 2)
    let first = root.children[0]
    #expect(first.kind == .sco && first.href == "e.html" && first.scaledPassingScore == "0.8")
    #expect(first.resourceIdentifier == "R1" && first.title == "Etiquette")
    #expect(root.children[1].kind == .aggregation)
    #expect(root.children[1].children.map(\.kind) == [.asset, .unknown])
    #expect(root.children[1].children[0].href == "h/o.html")
    #expect(course.warnings == ["The resource [R9] does not exist."])
    #expect(course.languages == ["en-US"])
  }

  @Test(
    "The edition of SCORM is what schemaversion says",
    arguments: [
      ("1.1", "SCORM11"), ("1.2", "SCORM12"), ("CAM 1.3", "SCORM20042NDEDITION"),
      ("2004 3rd Edition", "SCORM20043RDEDITION"), ("2004 4th Edition", "SCORM20044THEDITION"),
    ])
  func editions(version: String, standard: String) throws {
    let text = ManifestTests.scorm12.replacing(
      "<schemaversion>1.2<", with: "<schemaversion>\(version)<")
    #expect(try describe(["imsmanifest.xml": text]).standard.rawValue == standard)
  }

  @Test("SCORM 2004: the primary objective's measure is the passing score")
  func scorm2004() throws {
    let text = """
      <manifest><metadata><schemaversion>2004 4th Edition</schemaversion></metadata>
      <organizations default="O"><organization identifier="O"><title>T</title>
      <item identifier="I" identifierref="R"><title>S</title><imsss:sequencing xmlns:imsss="x"><imsss:objectives>
      <imsss:primaryObjective><imsss:minNormalizedMeasure>0.7</imsss:minNormalizedMeasure></imsss:primaryObjective>
      </imsss:objectives></imsss:sequencing></item></organization></organizations>
      <resources><resource identifier="R" a:scormType="sco" xmlns:a="y" href="i.html"/></resources></manifest>
      """
    let course = try describe(["folder/imsmanifest.xml": text])
    #expect(course.root?.children.first?.scaledPassingScore == "0.7")
  }

  @Test("cmi5: blocks and units, with the course's id")
  func cmi5() throws {
    let text = """
      <courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd">
      <course id="https://example.com/c"><title><langstring lang="en-US">Course</langstring></title>
      <description><langstring lang="en-US">D</langstring></description></course>
      <block id="b"><title><langstring>Block</langstring></title>
      <au id="u" masteryScore="0.9"><title><langstring>Unit</langstring></title><url>u.html</url></au></block>
      </courseStructure>
      """
    let course = try describe(["cmi5.xml": text])
    #expect(course.standard == .cmi5 && course.title == "Course" && course.languages == ["en-US"])
    #expect(course.activityID == "https://example.com/c")
    let unit = course.root?.children.first?.children.first
    #expect(unit?.href == "u.html" && unit?.scaledPassingScore == "0.9" && unit?.title == "Unit")
  }

  @Test("xAPI: the activity that has a launch address")
  func tinCan() throws {
    let text = """
      <tincan><activities><activity id="urn:x"><name>No</name></activity>
      <activity id="urn:y"><name lang="de">Ja</name><launch lang="de">i.html</launch></activity></activities></tincan>
      """
    let course = try describe(["TinCan.xml": text])
    #expect(course.standard == .xapi && course.title == "Ja" && course.activityID == "urn:y")
    #expect(course.root?.href == "i.html" && course.languages == ["de"])
  }

  @Test("AICC: course file, units, descriptions and structure, in any case")
  func aicc() throws {
    let course = try describe([
      "C.CRS":
        "[Course]\r\nCourse_ID=c1\r\nCourse_Title=Golf, \"Old\"\r\n[Course_Description]\r\nAbout\r\ngolf=sport\r\n",
      "c.au": "\"system_id\",\"file_name\",\"mastery_score\"\r\n\"A1\",\"a.html\",\"80\"\r\n",
      "c.des": "system_id,title,developer_id\nA1,\"One, two \"\"three\"\"\",dev\nB1,Block,x\n",
      "c.cst": "block,member\nroot,B1\nB1,A1,B1\n",
    ])
    #expect(course.standard == .aicc && course.title == "Golf, \"Old\"")
    #expect(course.metadata.description == "About golf=sport")
    let block = try #require(course.root?.children.first)
    #expect(block.title == "Block" && block.kind == .aggregation)
    let unit = try #require(block.children.first)
    #expect(unit.title == "One, two \"three\"" && unit.scaledPassingScore == "0.8")
    #expect(unit.externalIdentifier == "dev" && unit.href == "a.html")
  }

  static let broken: [(String, String, String)] = [
    ("imsmanifest.xml", "<html/>", "is not a manifest"),
    ("imsmanifest.xml", "<manifest/>", "organizations"),
    ("imsmanifest.xml", "<manifest><organizations/></manifest>", "<organization>"),
    ("imsmanifest.xml", "<manifest>", "not well-formed"),
    ("imsmanifest.xml", "", "not well-formed"),
    ("cmi5.xml", "<x/>", "<course>"),
    ("cmi5.xml", "<courseStructure><course/></courseStructure>", "no id"),
    ("cmi5.xml", "<courseStructure><course id='a'/></courseStructure>", "no <au>"),
    ("tincan.xml", "<x/>", "<activity>"),
    ("tincan.xml", "<tincan><activities><activity id='a'/></activities></tincan>", "<launch>"),
    ("a.crs", "[Course]", "Course_ID"), ("a.crs", "[Course]\nCourse_ID=1", ".au"),
  ]

  @Test("A broken manifest says what is wrong", arguments: broken)
  func faults(name: String, text: String, word: String) {
    do {
      _ = try describe(["\(name)": text])
      Issue.record("taken")
    } catch let fault as ContentFault {
      #expect(fault.message.contains(word), "\(fault.message)")
    } catch { Issue.record(error) }
  }
}
