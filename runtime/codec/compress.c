/*
 * compress.c - bytes into zstd frames and back, one frame at a time; the only caller of libzstd.
 * Checksums are not made here: whoever stores frames has its own.
 */
#include "codec/codec.h"

#include <zstd.h>

enum { LEVEL = 1 };

struct sgc_packer {
    ZSTD_CCtx *packing; /* made when first needed */
    ZSTD_DCtx *unpacking;
};

sgc_packer *sgc_packer_create(void)
{
    return sgc_alloc_zero(1, sizeof(sgc_packer));
}

void sgc_packer_free(sgc_packer *packer)
{
    if (!packer) return;
    ZSTD_freeCCtx(packer->packing);
    ZSTD_freeDCtx(packer->unpacking);
    sgc_free(packer);
}

sgc_status sgc_pack(sgc_packer *packer, sgc_str bytes, sgc_buf *out)
{
    size_t most = ZSTD_compressBound(bytes.size);
    char *to = ZSTD_isError(most) ? NULL : sgc_buf_reserve(out, most);

    if (!packer->packing) packer->packing = ZSTD_createCCtx();
    if (!to || !packer->packing) return SGC_NO_MEMORY;
    size_t size = ZSTD_compressCCtx(packer->packing, to, most, bytes.size ? bytes.data : "",
                                    bytes.size, LEVEL);
    if (ZSTD_isError(size)) return SGC_NO_MEMORY; /* there is room: nothing else can fail */
    out->size += size;
    return SGC_OK;
}

sgc_status sgc_unpack(sgc_packer *packer, sgc_str frame, void *out, size_t size)
{
    if (!packer->unpacking) packer->unpacking = ZSTD_createDCtx();
    if (!packer->unpacking) return SGC_NO_MEMORY;
    if (ZSTD_findFrameCompressedSize(frame.data, frame.size) != frame.size) return SGC_CORRUPT;
    size_t got = ZSTD_decompressDCtx(packer->unpacking, out, size, frame.data, frame.size);
    return !ZSTD_isError(got) && got == size ? SGC_OK : SGC_CORRUPT;
}
