static inline $getter_type$ $getter$($getter_view$ v)
{
    return $getter_value$;
}
