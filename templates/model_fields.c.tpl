/* ---- $model_gql$ ---- */

static const sgc_slot slots_$model$[] = {
    //% each line in model.slots
    $line$,
    //% end
};
static const sgc_field fields_$model$[] = {
    //% each line in model.fields
    $line$,
    //% end
};

