internal import Memory
internal import TrafficLog

/// A text as a JSON string with its quotation marks.
package enum JSONString {
  package static func quoted(_ text: String) -> String {
    var out = ByteBuffer(capacity: text.utf8.count + 8)
    out.put(UInt8(ascii: "\""))
    let bytes = text.utf8.span.bytesOfElements
    JSONText.put(bytes, limit: bytes.byteCount, into: &out)
    out.put(UInt8(ascii: "\""))
    return out.bytes.text
  }
}
