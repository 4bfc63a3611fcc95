static const sgc_relation relations_$model$[] = {
    //% each line in model.relations
    $line$,
    //% end
};

