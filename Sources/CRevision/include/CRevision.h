// The commit that a build was made of, written into the program after it is linked (scripts/release): a new commit
// alone compiles and links nothing anew.
#ifndef SCORM_GATEWAY_CREVISION_H
#define SCORM_GATEWAY_CREVISION_H

/// The byte at `index` of what was written: 40 hexadecimal digits, "-dirty" where the files differed from the
/// commit, a space, the commit's date as YYYY-MM-DD. 0 behind its end, and everywhere in a build without it.
char cr_byte(int index);

#endif
