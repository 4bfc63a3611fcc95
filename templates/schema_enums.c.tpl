static const sgc_enum_def enums[] = {
    //% each line in schema.enumlines
    $line$,
    //% end
};

