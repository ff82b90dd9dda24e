/// The contents of a dispatch's zip: a stub course for another LMS that opens the course here.
enum DispatchPackage {
  /// `imsmanifest.xml` of a SCORM 1.2 package with a single SCO.
  static func manifest(_ title: String) -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <manifest identifier="dispatch" version="1.2" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
      xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
      <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
      <organizations default="o"><organization identifier="o"><title>\(title.inMarkup)</title>
        <item identifier="i" identifierref="r"><title>\(title.inMarkup)</title></item></organization>
      </organizations>
      <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html">
        <file href="index.html"/></resource></resources>
    </manifest>

    """
  }

  static func page(_ title: String, link: String, css: String) -> String {
    let style = css.isEmpty ? "" : "<link rel=\"stylesheet\" href=\"\(css.inMarkup)\">"
    return """
      <!doctype html><html lang="en"><meta charset="utf-8"><title>\(title.inMarkup)</title>\(style)
      <p><a href="\(link.inMarkup)">Open \(title.inMarkup)</a></p>
      <script>location.replace(document.links[0].href)</script></html>

      """
  }
}

extension String {
  /// The text with all characters escaped that have a meaning in markup.
  var inMarkup: String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
