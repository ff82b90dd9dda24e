// Everything is in the header, to be inlined, but a C target needs at least one source file.
#include "CVectors.h"
