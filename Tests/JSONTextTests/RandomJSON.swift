/// Random JSON texts with everything that the grammar has: blanks, escapes, characters of every length, numbers.
struct RandomJSON {
  var random: SplitMix64

  mutating func text() -> [UInt8] {
    Array((blank() + value(depth: 3) + blank()).utf8)
  }

  private mutating func pick(_ texts: [String]) -> String {
    texts[Int.random(in: 0..<texts.count, using: &random)]
  }

  private mutating func blank() -> String { pick(["", "", "", " ", "\n", "\r\n\t", "  "]) }

  private mutating func value(depth: Int) -> String {
    let kind = Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random)
    switch kind {
    case 0: return pick(["true", "false", "null"])
    case 1: return number()
    case 2, 3, 4, 5: return string()
    case 6:
      let count = Int.random(in: 0...4, using: &random)
      var elements: [String] = []
      for _ in 0..<count { elements.append(blank() + value(depth: depth - 1) + blank()) }
      return "[" + (count == 0 ? blank() : elements.joined(separator: ",")) + "]"
    default:
      let count = Int.random(in: 0...4, using: &random)
      var members: [String] = []
      for number in 0..<count {
        // Names are unique, because the grammar does not define what a repeated name means.
        let name = "\"\(number)" + string().dropFirst()
        members.append(blank() + name + blank() + ":" + blank() + value(depth: depth - 1) + blank())
      }
      return "{" + (count == 0 ? blank() : members.joined(separator: ",")) + "}"
    }
  }

  private mutating func number() -> String {
    pick(["", "-"]) + pick(["0", "7", "12", "4503599"])
      + pick(["", "", ".5", ".125", ".0"]) + pick(["", "", "e2", "E-3", "e+1"])
  }

  private mutating func string() -> String {
    var text = "\""
    for _ in 0..<Int.random(in: 0...12, using: &random) {
      text += pick([
        "a", "Z", "plain text", " ", "é", "€", "😀", "\u{7F}", #"\""#, #"\\"#, #"\/"#, #"\b"#,
        #"\f"#,
        #"\n"#, #"\r"#, #"\t"#, #"\u00e9"#, #"\u0041"#, #"\uD834\uDD1E"#, #"\u2028"#, "{", "}", "[",
        ",",
      ])
    }
    return text + "\""
  }
}
