/* fresh_disk.h - a disk in memory with the folder "db", made anew for each case of a test. */
#ifndef SGC_TESTS_FRESH_DISK_H
#define SGC_TESTS_FRESH_DISK_H

#include "os/os.h"

#include <stdlib.h>

static sgc_memory_os *memory;

/** Destroys the one before; the caller destroys the last one. */
static inline const sgc_os *fresh_disk(void)
{
    sgc_memory_os_destroy(memory);
    memory = NULL;
    if (sgc_memory_os_create(&memory)) abort();
    const sgc_os *os = sgc_memory_os_table(memory);
    if (os->make_directory(os->self, "db") || os->sync_directory(os->self, ".")) abort();
    return os;
}

#endif
