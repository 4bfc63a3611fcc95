/* root.c - the root file: two copies, written one after the other. */
#include "store/image.h"

static sgc_status read_copy(const sgc_os *os, sgc_file *file, unsigned copy, uint8_t *bytes,
                            bool *there, sgc_error *error)
{
    size_t got = 0;
    sgc_status status =
        os->read(os->self, file, (uint64_t)copy * SGC_ROOT_BYTES, bytes, SGC_ROOT_BYTES, &got);

    *there = status == SGC_OK && got == SGC_ROOT_BYTES;
    return status ? sgc_fail(error, status, "%s", sgc_os_file_error()) : SGC_OK;
}

/* None is valid: by damage, or because another version of sgc wrote it. */
static sgc_status no_copy(uint32_t format, const char *path, sgc_error *error)
{
    if (format)
        return sgc_fail(error, SGC_UNSUPPORTED,
                        "%s: another version of sgc has written this database (format %u)", path,
                        (unsigned)format);
    return sgc_fail(error, SGC_CORRUPT, "%s: neither copy of the root is valid", path);
}

sgc_status sgc_root_read(const sgc_os *os, sgc_file *file, const char *path, sgc_root *root,
                         bool *differ, sgc_error *error)
{
    uint8_t bytes[2][SGC_ROOT_BYTES] = {{0}};
    sgc_root roots[2];
    uint32_t format = 0;
    bool valid[2];

    for (unsigned i = 0; i < 2; i++) {
        sgc_status status = read_copy(os, file, i, bytes[i], &valid[i], error);
        if (status) return status;
        if (valid[i] && !format) format = sgc_root_other_format(bytes[i]);
        valid[i] = valid[i] && sgc_root_decode(bytes[i], &roots[i]);
    }
    if (!valid[0] && !valid[1]) return no_copy(format, path, error);
    unsigned best = !valid[0] || (valid[1] && roots[1].checkpoint > roots[0].checkpoint);
    *root = roots[best];
    *differ = memcmp(bytes[0], bytes[1], SGC_ROOT_BYTES) != 0;
    return SGC_OK;
}

static sgc_status inspect_copies(const sgc_os *os, sgc_file *file, const char *path,
                                 sgc_buf *report, uint64_t *sequence, sgc_error *error)
{
    uint8_t bytes[SGC_ROOT_BYTES];
    uint32_t format = 0;
    sgc_root root;
    bool valid[2];

    for (unsigned i = 0; i < 2; i++) {
        sgc_status status = read_copy(os, file, i, bytes, &valid[i], error);
        if (status) return status;
        if (valid[i] && !format) format = sgc_root_other_format(bytes);
        valid[i] = valid[i] && sgc_root_decode(bytes, &root);
        if (valid[i] && root.sequence > *sequence) *sequence = root.sequence;
    }
    if (!valid[0] && !valid[1] && format) return no_copy(format, path, error);
    for (unsigned i = 0; i < 2; i++)
        if (!valid[i])
            sgc_buf_printf(report, "%s: copy %u of 2, at byte %u, is not valid\n", path, i + 1,
                           i * (unsigned)SGC_ROOT_BYTES);
    return valid[0] || valid[1] ? SGC_OK : SGC_CORRUPT;
}

sgc_status sgc_root_inspect(const sgc_os *os, const char *directory, sgc_buf *report,
                            uint64_t *sequence, sgc_error *error)
{
    sgc_buf path = {0};
    sgc_file *file;

    *sequence = 0;
    sgc_buf_printf(&path, "%s/root", directory);
    sgc_buf_byte(&path, '\0');
    if (path.failed) {
        sgc_buf_free(&path);
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    }
    sgc_status status = os->open(os->self, path.data, SGC_OPEN_READ, &file);
    if (status) {
        sgc_fail(error, status, "%s", sgc_os_file_error());
    } else {
        status = inspect_copies(os, file, path.data, report, sequence, error);
        os->close(os->self, file);
    }
    sgc_buf_free(&path);
    return status;
}

sgc_status sgc_root_write(const sgc_os *os, sgc_file *file, const sgc_root *root, sgc_error *error)
{
    uint8_t bytes[SGC_ROOT_BYTES];

    sgc_root_encode(root, bytes);
    for (unsigned i = 0; i < 2; i++) {
        sgc_status status =
            os->write(os->self, file, (uint64_t)i * SGC_ROOT_BYTES, bytes, sizeof bytes);
        if (status == SGC_OK) status = os->sync(os->self, file);
        if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    }
    return SGC_OK;
}
