static inline const uint8_t *read_$choice$(const uint8_t *p, const uint8_t *end, $choice$ *out)
{
    uint16_t number;
    bool has;

    p = sgc_read_enum(p, end, &has, &number);
    *out = ($choice$)number;
    return p;
}

