static inline const uint8_t *read_$choice$(const uint8_t *p, const uint8_t *end, $choice$ *out)
{
    uint16_t number;
    bool has;

    p = sgc_read_enum(p, end, &has, &number);
    *out = ($choice$)number;
    return p;
}

static inline $choice$ take_$choice$(sgc_take *take, const char *field, $choice$ value,
                                     unsigned rules)
{
    return ($choice$)sgc_take_enum(take, field, (uint16_t)value, $choice$_text(value).data != NULL,
                                   rules);
}

