static const uint16_t components_$model$[] = {
    //% each line in model.components
    $line$,
    //% end
};
static const sgc_index indexes_$model$[] = {
    //% each line in model.indexes
    $line$,
    //% end
};

