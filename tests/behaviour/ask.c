/*
 * ask.c - see ask.h.
 */
#include "behaviour/ask.h"

#include "graphql/graphql.h"

bool ask(const sgc_schema *schema, sgc_db *db, const char *document, sgc_buf *out)
{
    sgc_api *api = NULL;
    sgc_request request = {.query = sgc_str_from(document)};
    sgc_error error;

    out->size = 0;
    if (sgc_api_create(schema, &api, &error) != SGC_OK) return false;
    sgc_answer answer = sgc_execute(api, db, &request, out);
    sgc_api_destroy(api);
    return answer == SGC_ANSWER_DATA;
}
