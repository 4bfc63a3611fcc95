static const sgc_table tables[] = {
    //% each line in schema.tablelines
    $line$,
    //% end
};

