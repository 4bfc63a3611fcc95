/* format.c - encodes and decodes segment heads, batch heads, events and file names of the log. */
#include "log/format.h"

#include <stdio.h>

#define SEGMENT_MAGIC 0x534C4753U /* "SGLS" */
#define BATCH_MAGIC   0x424C4753U /* "SGLB" */

enum { FORMAT_VERSION = 3, CRC_FROM = 8, HEAD_CRC_AT = 60, NUMBER_DIGITS = 16 };

void sgc_log_put_segment(uint8_t block[SGC_LOG_HEAD], const sgc_log_segment_head *head)
{
    memset(block, 0, SGC_LOG_HEAD);
    sgc_store32(block, SEGMENT_MAGIC);
    sgc_store32(block + 4, FORMAT_VERSION);
    sgc_store64(block + 8, head->number);
    sgc_store64(block + 16, head->first_batch);
    sgc_store64(block + 24, head->before);
    sgc_store64(block + 32, head->id);
    sgc_store64(block + 40, head->previous_id);
    sgc_store32(block + 48, head->chain);
    sgc_store32(block + 52, head->blocks);
    sgc_store32(block + 56, head->ahead);
    sgc_store32(block + HEAD_CRC_AT, sgc_crc32c(0, block, HEAD_CRC_AT));
}

bool sgc_log_get_segment(const uint8_t block[SGC_LOG_HEAD], sgc_log_segment_head *head)
{
    if (sgc_load32(block) != SEGMENT_MAGIC || sgc_load32(block + 4) != FORMAT_VERSION) return false;
    if (sgc_load32(block + HEAD_CRC_AT) != sgc_crc32c(0, block, HEAD_CRC_AT)) return false;
    head->number = sgc_load64(block + 8);
    head->first_batch = sgc_load64(block + 16);
    head->before = sgc_load64(block + 24);
    head->id = sgc_load64(block + 32);
    head->previous_id = sgc_load64(block + 40);
    head->chain = sgc_load32(block + 48);
    head->blocks = sgc_load32(block + 52);
    head->ahead = sgc_load32(block + 56);
    return true;
}

static uint32_t batch_crc(const uint8_t *data, uint64_t size, uint32_t chain)
{
    uint32_t crc = sgc_crc32c(chain, data + CRC_FROM, HEAD_CRC_AT - CRC_FROM);
    return sgc_crc32c(crc, data + SGC_LOG_HEAD, (size_t)size);
}

void sgc_log_put_batch(uint8_t *data, sgc_log_batch_head *head, uint32_t chain)
{
    sgc_store32(data, BATCH_MAGIC);
    sgc_store64(data + 8, head->number);
    sgc_store64(data + 16, head->id);
    sgc_store64(data + 24, head->previous_id);
    sgc_store64(data + 32, head->size);
    sgc_store64(data + 40, head->reserved);
    sgc_store64(data + 48, head->last);
    sgc_store32(data + 56, head->count);
    head->crc = batch_crc(data, head->size, chain);
    sgc_store32(data + 4, head->crc);
    sgc_store32(data + HEAD_CRC_AT, sgc_crc32c(0, data, HEAD_CRC_AT));
}

bool sgc_log_get_batch(const uint8_t block[SGC_LOG_HEAD], sgc_log_batch_head *head)
{
    if (sgc_load32(block) != BATCH_MAGIC) return false;
    if (sgc_load32(block + HEAD_CRC_AT) != sgc_crc32c(0, block, HEAD_CRC_AT)) return false;
    head->crc = sgc_load32(block + 4);
    head->number = sgc_load64(block + 8);
    head->id = sgc_load64(block + 16);
    head->previous_id = sgc_load64(block + 24);
    head->size = sgc_load64(block + 32);
    head->reserved = sgc_load64(block + 40);
    head->last = sgc_load64(block + 48);
    head->count = sgc_load32(block + 56);
    return true;
}

bool sgc_log_check_batch(const uint8_t *data, const sgc_log_batch_head *head, uint32_t chain)
{
    return head->crc == batch_crc(data, head->size, chain);
}

void sgc_log_put_event(uint8_t *to, const sgc_log_event *event)
{
    sgc_store32(to, (uint32_t)event->payload.size);
    sgc_store64(to + 4, event->sequence);
    sgc_store64(to + 12, event->time_us);
    if (event->payload.size)
        memcpy(to + SGC_LOG_EVENT_HEAD, event->payload.data, event->payload.size);
}

bool sgc_log_get_event(sgc_str *bytes, sgc_log_event *event)
{
    if (bytes->size < SGC_LOG_EVENT_HEAD) return false;
    size_t size = sgc_load32(bytes->data);
    if (size > bytes->size - SGC_LOG_EVENT_HEAD) return false;
    event->sequence = sgc_load64(bytes->data + 4);
    event->time_us = sgc_load64(bytes->data + 12);
    event->payload = sgc_str_of(bytes->data + SGC_LOG_EVENT_HEAD, size);
    bytes->data += SGC_LOG_EVENT_HEAD + size;
    bytes->size -= SGC_LOG_EVENT_HEAD + size;
    return true;
}

void sgc_log_segment_name(char name[SGC_LOG_NAME], uint64_t number, bool spare)
{
    snprintf(name, SGC_LOG_NAME, spare ? "spare-%016llx" : "%016llx.log",
             (unsigned long long)number);
}

static bool parse_digits(const char *text, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            *number = *number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *number = *number << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

bool sgc_log_parse_name(const char *name, uint64_t *number, bool *spare)
{
    *spare = strncmp(name, "spare-", 6) == 0;
    const char *digits = *spare ? name + 6 : name;
    if (!parse_digits(digits, number)) return false;
    return strcmp(digits + NUMBER_DIGITS, *spare ? "" : ".log") == 0;
}

bool sgc_log_padded(uint64_t size, uint64_t *padded)
{
    if (size > UINT64_MAX - SGC_LOG_BLOCK) return false;
    *padded = (size + SGC_LOG_BLOCK - 1) & ~(uint64_t)(SGC_LOG_BLOCK - 1);
    return true;
}
