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

sgc_status sgc_root_read(const sgc_os *os, sgc_file *file, const char *path, sgc_root *root,
                         bool *differ, sgc_error *error)
{
    uint8_t bytes[2][SGC_ROOT_BYTES] = {{0}};
    sgc_root roots[2];
    bool valid[2];

    for (unsigned i = 0; i < 2; i++) {
        sgc_status status = read_copy(os, file, i, bytes[i], &valid[i], error);
        if (status) return status;
        valid[i] = valid[i] && sgc_root_decode(bytes[i], &roots[i]);
    }
    if (!valid[0] && !valid[1])
        return sgc_fail(error, SGC_CORRUPT, "%s: neither copy of the root is valid", path);
    unsigned best = !valid[0] || (valid[1] && roots[1].checkpoint > roots[0].checkpoint);
    *root = roots[best];
    *differ = memcmp(bytes[0], bytes[1], SGC_ROOT_BYTES) != 0;
    return SGC_OK;
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
