/* $record_gql$: for the emitted code that keeps one inside a row. */
sgc_str $record$_take(sgc_take *take, const $record$_new *in);
const $record$_new *$record$_from(sgc_json_in *in);
