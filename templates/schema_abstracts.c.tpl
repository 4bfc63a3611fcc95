static const sgc_abstract abstracts[] = {
    //% each line in schema.abstractlines
    $line$,
    //% end
};

