/// Which values of the API's query parameters are harmless in a log, and which must never be in one. A name means the
/// same in every operation that has it. A name in neither set does not belong to the API.
///
/// Both functions are in the generated file next to this one. They compare exactly, as the API does.
package enum QueryParameters {}
