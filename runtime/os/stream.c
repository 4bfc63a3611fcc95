/* stream.c - what command lines need: whole files, standard input, terminals. */
#include "os/os.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_stream(FILE *stream, sgc_buf *out)
{
    size_t got;

    do {
        char *room = sgc_buf_reserve(out, BUFSIZ);
        if (!room) return false;
        got = fread(room, 1, BUFSIZ, stream);
        out->size += got;
    } while (got > 0);
    return !ferror(stream);
}

sgc_status sgc_read_file(const char *path, sgc_arena *arena, sgc_str *text, sgc_error *error)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "rb");
    sgc_buf bytes = {0};
    bool ok = stream && read_stream(stream, &bytes);
    int cause = errno;

    if (stream && !standard) fclose(stream);
    *text = ok ? sgc_arena_str(arena, sgc_buf_as_str(&bytes)) : sgc_str_of(NULL, 0);
    bool no_memory = bytes.failed || (ok && !text->data);
    sgc_buf_free(&bytes);
    if (no_memory) return sgc_fail(error, SGC_NO_MEMORY, "cannot read %s: out of memory", path);
    if (ok) return SGC_OK;
    return sgc_fail(error, cause == ENOENT || cause == ENOTDIR ? SGC_NOT_FOUND : SGC_IO,
                    "cannot read %s: %s", path, strerror(cause));
}

sgc_status sgc_make_folder(const char *path, sgc_error *error)
{
    if (mkdir(path, 0777) == 0) return SGC_OK;
    if (errno == EEXIST) return sgc_fail(error, SGC_EXISTS, "%s is there", path);
    return sgc_fail(error, SGC_IO, "cannot make folder %s: %s", path, strerror(errno));
}

bool sgc_stderr_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

bool sgc_stdout_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}
