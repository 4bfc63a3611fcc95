/* error.c - the words of the calling thread's last failed os call, for both tables. */
#include "os/error.h"

#include <stdio.h>

static _Thread_local char words[400];

sgc_status sgc_os_say(sgc_status status, const char *path, const char *why)
{
    snprintf(words, sizeof words, "%s: %s", path, why);
    return status;
}

const char *sgc_os_file_error(void)
{
    return words;
}
