// All of it is in the header, to be inlined; a target of C has one source file at least.
#include "CVectors.h"
