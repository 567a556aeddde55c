#include <emscripten.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "service_calls.h"

enum { SERVICE = 0, EXTERNAL_API = 1 };

/* `Module` is the instance; the host has set `dispatch` on it, which promises the answer as text. */
EM_ASYNC_JS(char *, dispatch, (int kind, const char *request, int length), {
    const text = await Module["dispatch"](kind, request, length);
    const size = lengthBytesUTF8(text) + 1;
    const answer = _malloc(size);
    stringToUTF8(text, answer, size);
    return answer;
});

/* The first form holds the answer in `data` and the status in `metadata`. The others hold the answer's own members, and
 * the status in `xcall_meta`. */
static service_answer read_answer(char *text, int kind, int form)
{
    service_answer answer = {.text = text, .document = json_parse(text, strlen(text)), .outputs = -1};
    const json *document = &answer.document;
    if (document->count < 1 || document->tokens[0].type != JSMN_OBJECT) {
        answer.problem = strdup("the answer is not a JSON object");
        return answer;
    }
    int meta = json_member(document, 0, form == 1 ? "metadata" : "xcall_meta");
    int status = json_member(document, meta, form == 1 ? "status" : "http_status_code");
    int whole = form == 1 ? json_member(document, 0, "data") : 0;
    answer.outputs = kind == SERVICE ? json_member(document, json_member(document, whole, "response_data"), "outputs") : whole;
    if (status >= 0 && json_number(document, status) < 400)
        return answer;
    answer.outputs = -1;
    int told = json_member(document, json_member(document, whole, "error"), "message");
    if (told < 0)
        told = json_member(document, meta, form == 1 ? "error_code" : "error_details");
    answer.problem = told < 0 ? strdup("the service failed") : json_text(document, told);
    return answer;
}

static service_answer call(int kind, const buffer *request, int form)
{
    char *text = dispatch(kind, request->text, (int)request->length);
    free(request->text);
    return read_answer(text, kind, form);
}

service_answer call_service(const char *service, const char *inputs, const char *outputs, int form)
{
    buffer request = {0};
    put(&request, "{\"folder_name\":\"insurance\",\"service_name\":");
    put_string(&request, service);
    put(&request, ",\"xcall_version\":");
    put_number(&request, form);
    put(&request, ",\"request_body\":{\"request_data\":{\"inputs\":");
    put(&request, inputs);
    put(&request, "},\"request_meta\":{\"requested_output\":");
    put(&request, outputs);
    put(&request, "}}}");
    return call(SERVICE, &request, form);
}

service_answer call_external(const char *text, int form)
{
    buffer request = {0};
    put(&request, "{\"xcall_version\":");
    put_number(&request, form);
    put(&request, ",\"request_body\":");
    put(&request, text);
    put(&request, "}");
    return call(EXTERNAL_API, &request, form);
}

double answer_number(const service_answer *answer, const char *output)
{
    int token = json_member(&answer->document, answer->outputs, output);
    return token < 0 ? NAN : json_number(&answer->document, token);
}

char *answer_text(const service_answer *answer, const char *output)
{
    int token = json_member(&answer->document, answer->outputs, output);
    return token < 0 || json_is_null(&answer->document, token) ? strdup("") : json_text(&answer->document, token);
}

void free_answer(service_answer *answer)
{
    json_free(&answer->document);
    free(answer->text);
    free(answer->problem);
}
