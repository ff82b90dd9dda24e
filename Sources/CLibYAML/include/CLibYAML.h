#ifndef SCORM_GATEWAY_CLIBYAML_H
#define SCORM_GATEWAY_CLIBYAML_H
#include <yaml.h>
#endif
