/* ---- enum $choice_gql$ ---- */

static const struct {
    $choice$ value;
    sgc_str name;
} names_$choice$[] = {
    //% each value in choice.values
    {$value$, SGC_STR_INIT("$value_gql$")},
    //% end
};

sgc_str $choice$_text($choice$ value)
{
    for (size_t i = 0; i < sizeof names_$choice$ / sizeof *names_$choice$; i++)
        if (names_$choice$[i].value == value) return names_$choice$[i].name;
    return sgc_str_of(NULL, 0);
}

$choice$ $choice$_from_text(sgc_str name)
{
    for (size_t i = 0; i < sizeof names_$choice$ / sizeof *names_$choice$; i++)
        if (sgc_str_eq(names_$choice$[i].name, name)) return names_$choice$[i].value;
    return ($choice$)0;
}

