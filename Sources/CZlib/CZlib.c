// Everything is in the header.
#include "CZlib.h"
