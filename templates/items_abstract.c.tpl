static const uint16_t members_$items$[] = {
    //% each line in items.lines
    $line$,
    //% end
};

