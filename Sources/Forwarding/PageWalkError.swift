package import JSONText

/// Why a walk over a list's pages ends before the list does. The cause is in the last page that arrived. Nothing of
/// that page was written, except for ``tooManyPages``.
package enum PageWalkError: Error, Equatable, Sendable {
  /// Its body is compressed, although the gateway asked for it uncompressed.
  case encoded
  /// Not JSON, or cut off.
  case notJSON(JSONDefect)
  /// JSON, but not an object.
  case notAnObject
  /// There is no member with the list's name.
  case noList
  case listTwice
  /// The member with the list's name is not an array.
  case listIsNotArray
  case moreTwice
  /// `more` is null, a number, an array …: it does not say whether the list continues.
  case moreIsNotText
  /// The page brought a continuation that was already followed, so the walk would never end.
  case repeatedMore
  /// More pages than ``PageWalk/Bounds/pages``. The last page was written.
  case tooManyPages
  /// More items than ``PageWalk/Bounds/items``.
  case tooManyItems
  /// More bytes than ``PageWalk/Bounds/pageBytes``, or than may be held in memory.
  case pageTooLarge
  /// The time for the whole walk is over; the walk's owner reports it.
  case outOfTime
  /// More bytes than ``PageWalk/Bounds/moreBytes``.
  case moreTooLong

  /// The problem's name: the same for errors that a caller would treat alike.
  package var name: StaticString { kind.name }

  /// The corresponding kind of gateway error.
  package var kind: GatewayErrorKind {
    switch self {
    case .encoded, .notJSON, .notAnObject, .noList, .listTwice, .listIsNotArray, .moreTwice,
      .moreIsNotText:
      .pagesMalformed
    case .repeatedMore: .pagesRepeat
    case .tooManyPages, .tooManyItems, .pageTooLarge, .moreTooLong, .outOfTime: .pagesBound
    }
  }

  /// The error for the caller, about page `number`, counted from 1.
  package func error(page number: Int) -> GatewayError {
    GatewayError(kind, "Page \(number) of the list \(explanation)")
  }

  /// The text for the caller that follows the number of the page.
  package var explanation: String {
    switch self {
    case .encoded: "is compressed, although the gateway asked for it uncompressed."
    case .notJSON(let defect): "is not JSON. \(defect)"
    case .notAnObject: "is not a JSON object."
    case .noList: "does not hold the list."
    case .listTwice: "holds the list twice."
    case .listIsNotArray: "holds something else in place of the list."
    case .moreTwice: "holds `more` twice."
    case .moreIsNotText: "holds a `more` that is not a text."
    case .repeatedMore: "leads back to a page that was read before."
    case .tooManyPages: "is the last page that one call may read, and the list goes on."
    case .tooManyItems: "has more items than one call may read."
    case .pageTooLarge: "is larger than one page may be."
    case .outOfTime: "did not arrive before the time for the whole list was up."
    case .moreTooLong: "holds a `more` that is too long to be sent."
    }
  }
}
