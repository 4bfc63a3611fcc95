static const uint16_t interfaces_$model$[] = {
    //% each line in model.interfaces
    $line$,
    //% end
};

