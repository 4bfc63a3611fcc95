/*
 * error.h - private to os: how the tables leave behind the words of a failed call.
 */
#ifndef SGC_OS_ERROR_H
#define SGC_OS_ERROR_H

#include "os/os.h"

/** Remembers "<path>: <why>" for the calling thread and returns status. */
sgc_status sgc_os_say(sgc_status status, const char *path, const char *why);

#endif
