import Foundation
import Testing

@testable import CourseContent

@Suite("Zips are read within bounds")
struct ZipTests {
  private let manifest =
    "<tincan><activities><activity id=\"a\"><launch>i.html</launch></activity></activities></tincan>"

  private func fault(_ bytes: [UInt8]) -> String {
    do {
      let description = try ZipFile.describe(bytes)
      return "taken: \(description.standard)"
    } catch let fault as ContentFault {
      return fault.message
    } catch { return "\(error)" }
  }

  @Test(
    "A zip inside a larger file is read, packed or not, and its files are listed with their times")
  func files() throws {
    let zip = ZipFile(["tincan.xml": manifest, "folder/": "", "folder/i.html": "<html>"])
    let description = try ZipFile.describe(zip.bytes)
    #expect(description.files.map(\.path) == ["tincan.xml", "folder/i.html"])
    #expect(description.files.map(\.size) == [manifest.utf8.count, 6])
    #expect(description.files.first?.modified == 1_772_366_400)
    let packed = Array(try #require(Data(base64Encoded: ZipFile.deflated)))
    let described = try ZipFile.describe(packed)
    #expect(described.title == "Packed" && described.metadata.titleLanguage == "en-GB")
  }

  @Test("A single file comes out of a zip as it went in")
  func file() throws {
    let zip = ZipFile(["tincan.xml": manifest, "a/b.txt": "content"])
    let bytes = try ZipFile.withFile(zip.bytes) { descriptor, start, length in
      try CourseReader.file(
        "a/b.txt", descriptor: descriptor, start: start, length: length, limit: 100)
    }
    #expect(bytes == Array("content".utf8))
  }

  @Test("What is no zip is refused")
  func garbage() {
    #expect(fault([]).contains("not a zip"))
    #expect(fault(Array("hello, world".utf8)).contains("not a zip"))
    #expect(fault([UInt8](repeating: 0, count: 100_000)).contains("not a zip"))
  }

  @Test(
    "A zip cut anywhere, or with any byte changed, is refused or read, and nothing else happens")
  func damaged() {
    let bytes = ZipFile(["tincan.xml": manifest, "i.html": "x"]).bytes
    for end in stride(from: 0, to: bytes.count, by: 3) {
      #expect(!fault(Array(bytes[..<end])).isEmpty)
    }
    for place in bytes.indices {
      var damaged = bytes
      damaged[place] ^= 0xFF
      #expect(!fault(damaged).isEmpty)
    }
  }

  @Test("A zip that unpacks to far more than its size is refused by its directory")
  func bomb() {
    var zip = ZipFile(["tincan.xml": manifest, "bomb": "0"])
    zip.entries[1].claimedSize = 3_000_000_000
    #expect(fault(zip.bytes).contains("200 times"))
  }

  @Test("A manifest that is longer than its directory says is not read beyond that")
  func lies() {
    var zip = ZipFile(["tincan.xml": manifest])
    zip.entries[0].claimedSize = 10
    #expect(fault(zip.bytes).hasPrefix("tincan.xml"))
  }

  @Test("A manifest of 100 MB is refused with its bound")
  func hugeManifest() {
    var zip = ZipFile()
    let bytes = [UInt8](repeating: 0x20, count: 100_000_000)
    zip.entries = [ZipFile.Entry(name: "tincan.xml", bytes: bytes, checksum: 0)]
    #expect(fault(zip.bytes) == "tincan.xml has more than 16777216 bytes.")
  }

  @Test(
    "Paths that lead out of the course are refused",
    arguments: ["../x", "/etc/x", "a/../../x", "..\\x", "C:x"])
  func paths(path: String) {
    var zip = ZipFile(["tincan.xml": manifest])
    zip.entries.append(ZipFile.Entry(name: path, bytes: []))
    #expect(fault(zip.bytes).contains("leads out"))
  }

  @Test("Encrypted zips, too many files and too long paths are refused")
  func others() {
    var zip = ZipFile(["tincan.xml": manifest])
    zip.entries[0].isEncrypted = true
    #expect(fault(zip.bytes).contains("encrypted"))
    var many = ZipFile()
    for number in 0...20_000 { many.entries.append(ZipFile.Entry(name: "\(number)", bytes: [])) }
    #expect(fault(many.bytes).contains("more than 20000 files"))
    let long = ZipFile.Entry(name: String(repeating: "x", count: 1_001), bytes: [])
    zip.entries = [long]
    #expect(fault(zip.bytes).contains("path of more than"))
  }

  @Test("A zip without a manifest says which ones are looked for")
  func noManifest() {
    #expect(fault(ZipFile(["index.html": "x"]).bytes).contains("imsmanifest.xml, cmi5.xml"))
  }

  @Test(
    "PDF and media are taken without a zip, by their type",
    arguments: ["application/pdf", "Video/MP4", "audio/mpeg"])
  func media(type: String) throws {
    let description = try ZipFile.describe(Array("%PDF-1.7".utf8), type: type)
    #expect(description.standard == .unknown && description.files.isEmpty)
  }
}

@Suite("XML is read within bounds")
struct XMLTests {
  private func fault(_ text: String) -> String {
    do throws(XMLFault) {
      return "read: \(try XMLReader.root(of: Array(text.utf8)).name)"
    } catch { return error.message }
  }

  @Test("Elements, attributes, texts and CDATA are read, prefixes left off")
  func reads() throws {
    let text = #"<?xml version="1.0"?><a:b x="1" n:y="&lt;2&#228;"> t <c/><![CDATA[<d>]]> </a:b>"#
    let root = try XMLReader.root(of: Array(text.utf8))
    #expect(root.name == "b" && root["x"] == "1" && root["y"] == "<2ä")
    #expect(root.text == "t <d>" && root.children.map(\.name) == ["c"])
  }

  @Test("UTF-16 and Latin-1 are read as their declaration says")
  func encodings() throws {
    let latin =
      Array(#"<?xml version="1.0" encoding="ISO-8859-1"?><a>"#.utf8) + [0xE4] + Array("</a>".utf8)
    #expect(try XMLReader.root(of: latin).text == "ä")
    var wide: [UInt8] = [0xFF, 0xFE]
    for unit in "<a>ä</a>".utf16 { wide += [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
    #expect(try XMLReader.root(of: wide).text == "ä")
  }

  @Test(
    "Entities are refused: they blow a document up or read files",
    arguments: [
      #"<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>"#,
      #"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#,
      #"<!DOCTYPE a [<!ENTITY % x "y"> %x;]><a/>"#,
    ])
  func entities(text: String) {
    #expect(fault(text).contains("entities"))
  }

  @Test("A DOCTYPE that only names its DTD is passed over")
  func doctype() {
    #expect(fault(#"<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd"><a/>"#) == "read: a")
  }

  @Test("Depth and size have bounds, and broken XML says where")
  func bounds() {
    #expect(fault(String(repeating: "<a>", count: 1_000_000)).contains("too deep"))
    #expect(
      fault("<a>" + String(repeating: "<b/>", count: 6_000_000) + "</a>").contains("too large"))
    #expect(fault("<a>\n<b></a>") == "line 2: mismatched tag")
    #expect(fault("") == "line 1: no element found")
    #expect(fault("{}").hasPrefix("line 1: "))
    #expect(fault(#"<?xml version="1.0" encoding="klingon"?><a/>"#).contains("unknown encoding"))
  }
}
