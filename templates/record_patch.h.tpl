/** What update changes: set.x says that x is given, and x without a value then means null. */
typedef struct $record$_patch {
    struct {
        //% each member in record.flags
        $member$;
        //% end
    } set;
    //% each member in record.patched
    $member$; /**< $member_remark$ */
    //% end
} $record$_patch;

