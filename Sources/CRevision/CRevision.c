#include "CRevision.h"

// In its own section, so that its place in the file can be found. Volatile, because the compiler would otherwise assume
// that the zeros stay.
__attribute__((section("scorm_gateway_revision"))) static const volatile char revision[64] = {0};

char cr_byte(int index) {
  return index >= 0 && index < (int)sizeof revision ? revision[index] : 0;
}
