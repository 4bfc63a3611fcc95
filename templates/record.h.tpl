//# The structs of a table or an embedded type.
/**
 * type $record_gql$ ($record_place$)
//% each line in record.doc
 * $line$
//% end
 */
struct $record$ {
    //% each member in record.members
    //% comment member.doc
    $member$; /**< $member_remark$ */
    //% end
};

/** What is written: a value with a default or a generated one may be left out. */
struct $record$_new {
    //% each member in record.given
    $member$; /**< $member_remark$ */
    //% end
};

