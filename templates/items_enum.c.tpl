static const sgc_enum_item items_$items$[] = {
    //% each line in items.lines
    $line$,
    //% end
};

