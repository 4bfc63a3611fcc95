static const sgc_check checks_$model$[] = {
    //% each line in model.checks
    $line$,
    //% end
};

