/*
 * ids.c - keys that are made here: UUID version 7 and ULID, rising for the whole database. Numbers
 * of SERIAL keys are in serial.c.
 */
#include "txn/internal.h"

/*
 * A database that was just opened goes on behind its last commit, so a clock that was set back
 * meanwhile does not bring keys that sort before older ones.
 */
static uint64_t next_tick(sgc_db *db, uint64_t now_us, uint16_t seed)
{
    uint64_t seen = atomic_load_explicit(&db->last_id, memory_order_relaxed), tick;

    do {
        uint64_t last = seen;
        if (last == 0)
            last = atomic_load_explicit(&db->published_time, memory_order_relaxed) / 1000 << 16 |
                   UINT16_MAX;
        tick = sgc_id_tick(last, now_us, seed);
    } while (!atomic_compare_exchange_weak_explicit(&db->last_id, &seen, tick, memory_order_relaxed,
                                                    memory_order_relaxed));
    return tick;
}

static sgc_status draw(sgc_txn *txn, uint64_t *tick, uint8_t random[8])
{
    uint8_t bytes[10];
    sgc_status status = sgc_txn_random(txn, bytes, sizeof bytes);

    if (status != SGC_OK) return sgc_txn_fail_plain(txn, status);
    *tick = next_tick(txn->db, sgc_txn_now(txn), (uint16_t)(bytes[8] << 8 | bytes[9]));
    memcpy(random, bytes, 8);
    return SGC_OK;
}

sgc_status sgc_txn_uuidv7(sgc_txn *txn, char out[36])
{
    uint64_t tick;
    uint8_t random[8];
    sgc_status status = draw(txn, &tick, random);

    if (status == SGC_OK) sgc_uuidv7(tick, random, out);
    return status;
}

sgc_status sgc_txn_ulid(sgc_txn *txn, char out[26])
{
    uint64_t tick;
    uint8_t random[8];
    sgc_status status = draw(txn, &tick, random);

    if (status == SGC_OK) sgc_ulid(tick, random, out);
    return status;
}
