// The commit that a build was made from. It is written into the program after linking (scripts/release), so that a new
// commit alone causes no compiling and no linking.
#ifndef SCORM_GATEWAY_CREVISION_H
#define SCORM_GATEWAY_CREVISION_H

/// The byte at `index` of the written text: 40 hexadecimal digits, "-dirty" if the files differed from the commit, a
/// space, and the commit's date as YYYY-MM-DD. 0 after its end, and everywhere in a build without it.
char cr_byte(int index);

#endif
