#include "CRevision.h"

// A section of its own, so that its place in the file can be found. Volatile, or the compiler would take the
// zeros for granted.
__attribute__((section("scorm_gateway_revision"))) static const volatile char revision[64] = {0};

char cr_byte(int index) {
  return index >= 0 && index < (int)sizeof revision ? revision[index] : 0;
}
