static const sgc_embedded embeddeds[$schema_embeddedcount$] = {
    //% each line in schema.embeddedlines
    $line$,
    //% end
};

