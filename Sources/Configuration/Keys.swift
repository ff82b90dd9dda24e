/// An optional key whose value is one word within a range.
struct OptionalKey<Value: ConfigurationValue>: Sendable {
  let name: String
  let range: ClosedRange<Value>
  /// The example that errors show.
  let example: Value

  init(_ name: String, example: Value? = nil, _ range: ClosedRange<Value>) {
    self.name = name
    self.range = range
    self.example = example ?? range.lowerBound
  }

  var schema: KeySchema { schema(default: "null") }

  fileprivate func schema(default text: String) -> KeySchema {
    KeySchema(
      name, .scalar, default: text,
      range: "\(range.lowerBound.configurationText) – \(range.upperBound.configurationText)")
  }
}

/// A key whose value is one word within a range and has a default. Range and default are defined only here.
struct Key<Value: ConfigurationValue>: Sendable {
  let word: OptionalKey<Value>
  /// The value if the key is absent or null.
  let fallback: Value

  init(_ name: String, default fallback: Value, _ range: ClosedRange<Value>) {
    word = OptionalKey(name, example: fallback, range)
    self.fallback = fallback
  }

  var schema: KeySchema { word.schema(default: fallback.configurationText) }
}

/// A key whose value is one of a few words.
struct ChoiceKey<Value: Sendable & RawRepresentable & CaseIterable>: Sendable
where Value.RawValue == String {
  let name: String
  let fallback: Value

  init(_ name: String, default fallback: Value) {
    self.name = name
    self.fallback = fallback
  }

  var schema: KeySchema {
    KeySchema(
      name, .scalar, default: fallback.rawValue,
      range: Value.allCases.map(\.rawValue).joined(separator: ", "))
  }
}

/// What is known about a key without decoding it: enough to refuse unknown keys, to find its environment variable and
/// to check its documentation.
struct KeySchema: Sendable {
  indirect enum Kind: Sendable {
    case scalar
    /// A list of words.
    case words
    /// `{file: PATH}`, `{credential: NAME}` or `{env: NAME}`.
    case reference
    case section(SectionSchema)
    case sections(SectionSchema)
  }

  let name: String
  let kind: Kind
  /// The default as documented; empty if the key is required, or if the section's own keys document it.
  let defaultText: String
  /// The range as documented; empty if it is described in words.
  let rangeText: String

  init(_ name: String, _ kind: Kind, default defaultText: String = "", range rangeText: String = "")
  {
    self.name = name
    self.kind = kind
    self.defaultText = defaultText
    self.rangeText = rangeText
  }
}

/// The keys of one mapping.
struct SectionSchema: Sendable {
  let keys: [KeySchema]

  init(_ keys: KeySchema...) { self.keys = keys }

  var names: [String] { keys.map(\.name) }
}
