/// What the API's query parameters may tell: which of their values are harmless in a log, and which never are. A
/// name means the same in every operation that has it. Whatever is in neither set is not the API's.
///
/// Both functions stand in the generated file beside this one, and compare exactly, as the API does.
package enum QueryParameters {}
