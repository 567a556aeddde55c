/* Calls of other services: what a formula such as CS.SPARK_XCALL is in a workbook. It is compiled with Emscripten's
 * Asyncify: the model stops in `call_service` until the host has the answer. */
#ifndef SERVICE_CALLS_H
#define SERVICE_CALLS_H

#include "engine.h"
#include "json.h"

void put_input(buffer *to, engine *request, const char *name); /* as JSON, as it came */

typedef struct {
    json document;
    char *text;
    char *problem; /* why the service did not compute; NULL where it did */
    int outputs;   /* the token of its outputs, or -1 */
} service_answer;

/* Calls the newest version of a service in the folder "insurance". `inputs` is a JSON object, `outputs` a JSON list of the
 * names of the outputs that are needed; `form` is the form of the answer, 1, 2 or 3. */
service_answer call_service(const char *service, const char *inputs, const char *outputs, int form);

/* Calls an external API with any JSON; its outputs are the members of the answer. */
service_answer call_external(const char *request, int form);

double answer_number(const service_answer *answer, const char *output); /* NaN where there is none */
char *answer_text(const service_answer *answer, const char *output);    /* malloc'd; empty where there is none */
void free_answer(service_answer *answer);

#endif
