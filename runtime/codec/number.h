/* number.h - what the files of this room share about texts of numbers. */
#ifndef SGC_CODEC_NUMBER_H
#define SGC_CODEC_NUMBER_H

#include "base/base.h"

/** At most 60 bytes of a text somebody sent, for "%.*s" in a message. */
#define SGC_SHOWN(text) (int)((text).size < 60 ? (text).size : 60), (text).data ? (text).data : ""

/** Decimal digits of value at out (at most 20); returns how many. */
size_t sgc_write_uint64(char *out, uint64_t value);

#endif
