#include <emscripten.h>
#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine.h"
#include "json.h"

/* One input of one request: where its value stands, in the request or in the default. */
typedef struct {
    const json *source;
    int token;
    char *text; /* unescaped on first use */
    int is_validated;
} input_value;

/* Tables or subservices that a request names, as comma-separated text; NULL where it names none. */
typedef char *name_text;

struct engine {
    json document;
    input_value *inputs;
    char **cells; /* texts of table cells, freed with the request */
    int cell_count;
    int requested; /* the token of a list of outputs, or -1 */
    name_text arrays, subservices;
    regex_t pattern;
    int has_pattern;
    buffer outputs, warnings, errors, excel_errors;
    const char *const *columns;
    int column_count, column, row, as_array;
    const char *table;
    int table_failed;
    int unknown_api;
};

/* A model that was compiled from C++ throws the address of its exception, and nothing else, where it cannot go on. */
static void throw_exception(void)
{
    static const char exception[16];
    EM_ASM({ throw $0; }, exception);
    abort();
}

static json *STANDARDS; /* the defaults, one an input, each parsed as a list of one */

/* ---- Notes ---- */

/* A warning has no category; one about the outputs has no source either. */
static void note(buffer *to, const char *source, const char *message, const char *category, const char *type)
{
    put(to, to->length ? ",{" : "{");
    if (source) {
        put(to, "\"source_path\":");
        put_string(to, source);
        put(to, ",");
    }
    if (category) {
        put(to, "\"error_category\":");
        put_string(to, category);
        put(to, ",\"error_type\":");
        put_string(to, type);
        put(to, ",");
    }
    put(to, "\"message\":");
    put_string(to, message);
    if (category)
        put(to, ",\"additional_details\":null");
    put(to, "}");
}

void report_error(engine *request, const char *source, const char *type, const char *message)
{
    note(&request->errors, source, message, "Calculation", type);
}

/* ---- Inputs ---- */

static input_value *find_input(engine *request, const char *name)
{
    for (int i = 0; i < MODEL.input_count; i++)
        if (strcmp(MODEL.inputs[i].name, name) == 0)
            return &request->inputs[i];
    abort();
}

static void bind_inputs(engine *request, int object)
{
    for (int i = 0; i < MODEL.input_count; i++) {
        int token = json_member_in_any_case(&request->document, object, MODEL.inputs[i].name);
        input_value *value = &request->inputs[i];
        value->source = token < 0 ? &STANDARDS[i] : &request->document;
        value->token = token < 0 ? 1 : token; /* a default stands in a list of one */
        if (token >= 0 || object < 0)
            continue;
        char message[256];
        snprintf(message, sizeof message, "Input parameter missing for '%s'. The default value is used.",
                 MODEL.inputs[i].name);
        note(&request->warnings, "Default Values", message, NULL, NULL);
    }
}

double input_number(engine *request, const char *name)
{
    input_value *value = find_input(request, name);
    return json_number(value->source, value->token);
}

const char *input_text(engine *request, const char *name)
{
    input_value *value = find_input(request, name);
    if (json_is_null(value->source, value->token))
        return "";
    if (value->text == NULL)
        value->text = json_text(value->source, value->token);
    return value->text;
}

void put_input(buffer *to, engine *request, const char *name)
{
    input_value *value = find_input(request, name);
    json_put(to, value->source, value->token);
}

/* Text as YYYY-MM-DD, with or without a time behind it, or the number of a day as a workbook counts. */
double input_date(engine *request, const char *name)
{
    int year, month, day, read = 0;
    const char *text = input_text(request, name);
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &read) == 3 && read == 10 && (text[10] == 0 || text[10] == 'T')) {
        int y, m, d;
        double days = date_of(year, month, day);
        split_date(days, &y, &m, &d);
        return y == year && m == month && d == day ? days : NAN;
    }
    input_value *value = find_input(request, name);
    double serial = json_number(value->source, value->token);
    return fabs(serial) < 3000000 ? floor(serial) - 25569 : NAN;
}

int input_rows(engine *request, const char *name)
{
    input_value *value = find_input(request, name);
    const jsmntok_t *token = &value->source->tokens[value->token];
    return token->type == JSMN_ARRAY ? token->size : 0;
}

static int find_cell(engine *request, const input_value *value, int row, const char *column)
{
    (void)request;
    int token = value->token + 1;
    while (row-- > 0)
        token = json_skip(value->source, token);
    return json_member(value->source, token, column);
}

double cell_number(engine *request, const char *name, int row, const char *column)
{
    input_value *value = find_input(request, name);
    int token = find_cell(request, value, row, column);
    return token < 0 ? 0 : json_number(value->source, token);
}

const char *cell_text(engine *request, const char *name, int row, const char *column)
{
    input_value *value = find_input(request, name);
    int token = find_cell(request, value, row, column);
    if (token < 0 || json_is_null(value->source, token))
        return "";
    request->cells = realloc(request->cells, (size_t)(request->cell_count + 1) * sizeof(char *));
    return request->cells[request->cell_count++] = json_text(value->source, token);
}

/* ---- What the request asks for ---- */

static int given(engine *request, int meta, const char *name)
{
    int token = json_member(&request->document, meta, name);
    return token < 0 || json_is_null(&request->document, token) ? -1 : token;
}

/* Comma-separated text. A list is more than a compiled model can take. */
static name_text read_names(engine *request, int meta, const char *name)
{
    int token = given(request, meta, name);
    if (token < 0)
        return NULL;
    const jsmntok_t *t = &request->document.tokens[token];
    int harmless = t->type == JSMN_ARRAY && t->size == 0 && strcmp(name, "service_category") == 0;
    if (t->type != JSMN_STRING && !harmless)
        throw_exception();
    name_text names = harmless ? NULL : json_text(&request->document, token);
    if (names && names[strspn(names, " ,")] == 0) {
        free(names);
        return NULL;
    }
    return names;
}

static int has_name(name_text names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; at; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        size_t found = strcspn(at, ",");
        while (found > 0 && at[found - 1] == ' ')
            found--;
        if (found == length && strncasecmp(at, name, length) == 0)
            return 1;
    }
    return 0;
}

/* A list of outputs; an empty one asks for all. Text is none, which the answer says. */
static int read_requested(engine *request, int meta)
{
    int token = given(request, meta, "requested_output");
    if (token < 0)
        return -1;
    if (request->document.tokens[token].type == JSMN_ARRAY)
        return request->document.tokens[token].size ? token : -1;
    note(&request->errors, "requested_output", "Expected Json Array for 'requested_output'", "Request", "error.jsonMeta");
    return -1;
}

/* It must match a whole name, in any case. */
static void read_pattern(engine *request, int meta)
{
    int token = given(request, meta, "requested_output_regex");
    if (token < 0)
        return;
    char *text = json_text(&request->document, token);
    buffer whole = {0};
    put(&whole, "^(");
    put(&whole, text);
    put(&whole, ")$");
    if (*text && request->requested >= 0)
        note(&request->errors, "requested_output_regex", "Give 'requested_output' or 'requested_output_regex', not both",
             "Request", "error.jsonMeta");
    else if (*text && regcomp(&request->pattern, whole.text, REG_EXTENDED | REG_NOSUB | REG_ICASE) != 0)
        throw_exception();
    else
        request->has_pattern = *text != 0;
    free(whole.text);
    free(text);
}

static int is_requested(engine *request, const char *name)
{
    int token = request->requested + 1;
    for (int i = 0; i < request->document.tokens[request->requested].size; i++) {
        if (json_equals_in_any_case(&request->document, token, name))
            return 1;
        token = json_skip(&request->document, token);
    }
    return 0;
}

static int is_wanted(engine *request, const char *subservice, const char *name)
{
    if (request->requested >= 0)
        return is_requested(request, name);
    if (request->has_pattern)
        return regexec(&request->pattern, name, 0, NULL, 0) == 0;
    if (request->subservices)
        return subservice && has_name(request->subservices, subservice);
    return !(subservice && strcmp(subservice, "Metadata") == 0);
}

/* ---- Outputs ---- */

static int open_output(engine *request, const char *subservice, const char *name)
{
    if (!is_wanted(request, subservice, name))
        return 0;
    put(&request->outputs, request->outputs.length ? "," : "");
    put_string(&request->outputs, name);
    put(&request->outputs, ":");
    return 1;
}

static void name_excel_error(engine *request, const char *name)
{
    put(&request->excel_errors, request->excel_errors.length ? ", " : "");
    put(&request->excel_errors, name);
}

/* Says whether the value is an Excel error. */
static int put_value(engine *request, double value)
{
    if (isnan(value)) {
        put(&request->outputs, "\"#VALUE!\"");
        return 1;
    }
    if (isinf(value))
        put(&request->outputs, "null");
    else
        put_number(&request->outputs, value);
    return 0;
}

static int put_date(engine *request, double days)
{
    if (isnan(days))
        return put_value(request, days);
    int year, month, day;
    char text[48];
    split_date(days, &year, &month, &day);
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
    put_string(&request->outputs, text);
    return 0;
}

void output_number(engine *request, const char *subservice, const char *name, double value)
{
    if (open_output(request, subservice, name) && put_value(request, value))
        name_excel_error(request, name);
}

void output_date(engine *request, const char *subservice, const char *name, double days)
{
    if (open_output(request, subservice, name) && put_date(request, days))
        name_excel_error(request, name);
}

void output_text(engine *request, const char *subservice, const char *name, const char *value)
{
    if (open_output(request, subservice, name))
        put_string(&request->outputs, value);
}

int table_open(engine *request, const char *subservice, const char *name, const char *const *columns, int count)
{
    if (!open_output(request, subservice, name))
        return 0;
    request->table = name;
    request->columns = columns;
    request->column_count = count;
    request->column = request->row = request->table_failed = 0;
    request->as_array = has_name(request->arrays, name);
    put(&request->outputs, "[");
    if (!request->as_array)
        return 1;
    for (int i = 0; i < count; i++) {
        put(&request->outputs, i ? "," : "[");
        put_string(&request->outputs, columns[i]);
    }
    put(&request->outputs, "]");
    request->row = 1;
    return 1;
}

static void open_cell(engine *request)
{
    const char *bracket = request->as_array ? "[" : "{";
    if (request->column == 0) {
        put(&request->outputs, request->row++ ? "," : "");
        put(&request->outputs, bracket);
    } else {
        put(&request->outputs, ",");
    }
    if (!request->as_array) {
        put_string(&request->outputs, request->columns[request->column]);
        put(&request->outputs, ":");
    }
}

static void close_cell(engine *request, int failed)
{
    request->table_failed |= failed;
    if (++request->column < request->column_count)
        return;
    put(&request->outputs, request->as_array ? "]" : "}");
    request->column = 0;
}

void table_number(engine *request, double value)
{
    open_cell(request);
    close_cell(request, put_value(request, value));
}

void table_date(engine *request, double days)
{
    open_cell(request);
    close_cell(request, put_date(request, days));
}

void table_text(engine *request, const char *value)
{
    open_cell(request);
    put_string(&request->outputs, value);
    close_cell(request, 0);
}

void table_close(engine *request)
{
    put(&request->outputs, "]");
    if (request->table_failed)
        name_excel_error(request, request->table);
}

void validation(engine *request, const char *input, const char *format, ...)
{
    char members[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(members, sizeof members, format, arguments);
    va_end(arguments);
    put(&request->outputs, request->outputs.length ? "," : "");
    put_string(&request->outputs, input);
    put(&request->outputs, ":{");
    put(&request->outputs, members);
    put(&request->outputs, "}");
    find_input(request, input)->is_validated = 1;
}

/* An input whose validation is the static one is null. */
static void validate(engine *request)
{
    if (MODEL.validate)
        MODEL.validate(request);
    for (int i = 0; i < MODEL.input_count; i++) {
        if (request->inputs[i].is_validated)
            continue;
        put(&request->outputs, request->outputs.length ? "," : "");
        put_string(&request->outputs, MODEL.inputs[i].name);
        put(&request->outputs, ":null");
    }
}

/* ---- Calendar: proleptic Gregorian, by days since 1970-01-01 ---- */

double date_of(int year, int month, int day)
{
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (double)era * 146097 + day_of_era - 719468;
}

void split_date(double days, int *year, int *month, int *day)
{
    long z = (long)days + 719468;
    long era = (z >= 0 ? z : z - 146096) / 146097;
    long day_of_era = z - era * 146097;
    long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    long m = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

/* ---- The interface of a compiled model ---- */

void *construct(void)
{
    STANDARDS = calloc((size_t)MODEL.input_count, sizeof *STANDARDS);
    for (int i = 0; i < MODEL.input_count; i++) {
        buffer text = {0};
        put(&text, "[");
        put(&text, MODEL.inputs[i].standard);
        put(&text, "]");
        STANDARDS[i] = json_parse(text.text, text.length);
    }
    if (MODEL.load)
        MODEL.load();
    return STANDARDS;
}

void destroy(void *workbook)
{
    (void)workbook;
    for (int i = 0; i < MODEL.input_count; i++) {
        free((char *)STANDARDS[i].text);
        json_free(&STANDARDS[i]);
    }
    free(STANDARDS);
}

int is_async(void *workbook)
{
    (void)workbook;
#ifdef CALLS_SERVICES
    return 1;
#else
    return 0;
#endif
}

/* What the request wants beyond computing: "dynamic_validation", nothing, or what no model has. */
static char *read_api(engine *request, int meta)
{
    int token = json_member(&request->document, json_member(&request->document, meta, "__api_meta"), "api");
    return token < 0 ? NULL : json_text(&request->document, token);
}

static void compute(engine *request, int meta)
{
    int data = json_member(&request->document, 0, "request_data");
    int inputs = json_member(&request->document, data, "inputs");
    if (inputs >= 0 && json_is_null(&request->document, inputs))
        inputs = -1;
    if (inputs < 0)
        note(&request->errors, "request_data.inputs", "Request is missing 'request_data.inputs'", "Request",
             "error.jsonMeta");
    else if (request->document.tokens[inputs].type != JSMN_OBJECT)
        inputs = -1;
    bind_inputs(request, inputs);
    request->requested = read_requested(request, meta);
    request->arrays = read_names(request, meta, "array_outputs");
    request->subservices = read_names(request, meta, "service_category");
    read_pattern(request, meta);
    char *api = read_api(request, meta);
    if (api == NULL)
        MODEL.compute(request);
    else if (strcmp(api, "dynamic_validation") == 0)
        validate(request);
    else
        request->unknown_api = 1;
    free(api);
    int debug = json_member(&request->document, meta, "debug_solve");
    if (api == NULL && debug >= 0 && json_is_true(&request->document, debug))
        put(&request->outputs, request->outputs.length ? ",\"additional_outputs\":{\"solve_log\":[]}"
                                                       : "\"additional_outputs\":{\"solve_log\":[]}");
}

static void put_list(buffer *answer, const char *name, const buffer *entries)
{
    if (!entries->length)
        return;
    put(answer, ",\"");
    put(answer, name);
    put(answer, "\":[");
    put_bytes(answer, entries->text, entries->length);
    put(answer, "]");
}

/* What the request said, where the answer repeats it. */
static void put_meta(engine *request, int meta, buffer *answer)
{
    static const char *const ECHOED[] = {"correlation_id",      "response_data_inputs", "service_category",
                                         "array_outputs",       "allow_range_address",  "validation_type"};
    put(answer, "\"response_meta\":{\"compiler_type\":\"Type3\",\"compiler_version\":");
    put_string(answer, MODEL.compiler_version);
    for (size_t i = 0; i < sizeof ECHOED / sizeof *ECHOED; i++) {
        int token = json_member(&request->document, meta, ECHOED[i]);
        if (token < 0)
            continue;
        put(answer, ",");
        put_string(answer, ECHOED[i]);
        put(answer, ":");
        json_put(answer, &request->document, token);
    }
    put(answer, "}}");
}

static void put_answer(engine *request, int meta, buffer *answer)
{
    if (request->unknown_api)
        put(answer, "{\"status\":\"Error\",\"error\":{\"message\":\"The model has no such api\"},");
    else
        put(answer, "{");
    put(answer, "\"response_data\":{\"outputs\":");
    if (request->outputs.length) {
        put(answer, "{");
        put_bytes(answer, request->outputs.text, request->outputs.length);
        put(answer, "}");
    } else {
        put(answer, "null");
    }
    if (request->excel_errors.length) {
        buffer message = {0};
        put(&message, "Excel errors in the outputs: ");
        put_bytes(&message, request->excel_errors.text, request->excel_errors.length);
        note(&request->warnings, NULL, message.text, NULL, NULL);
        free(message.text);
    }
    put_list(answer, "warnings", &request->warnings);
    put_list(answer, "errors", &request->errors);
    int echo = json_member(&request->document, meta, "response_data_inputs");
    int inputs = json_member(&request->document, json_member(&request->document, 0, "request_data"), "inputs");
    if (echo >= 0 && inputs >= 0 && json_is_true(&request->document, echo)) {
        put(answer, ",\"inputs\":");
        json_put(answer, &request->document, inputs);
    }
    put(answer, "},");
    put_meta(request, meta, answer);
}

static void release(engine *request)
{
    for (int i = 0; i < MODEL.input_count; i++)
        free(request->inputs[i].text);
    for (int i = 0; i < request->cell_count; i++)
        free(request->cells[i]);
    if (request->has_pattern)
        regfree(&request->pattern);
    free(request->inputs);
    free(request->cells);
    free(request->arrays);
    free(request->subservices);
    free(request->outputs.text);
    free(request->warnings.text);
    free(request->errors.text);
    free(request->excel_errors.text);
    json_free(&request->document);
}

char *node_calc_v3(void *workbook, const char *text, int length, int *answer_length)
{
    (void)workbook;
    buffer answer = {0};
    engine request = {.requested = -1};
    request.inputs = calloc((size_t)MODEL.input_count + 1, sizeof *request.inputs);
    request.document = json_parse(text, (size_t)length);
    if (request.document.count < 1) {
        put(&answer, "{\"response_data\":{\"outputs\":null,\"errors\":[");
        note(&request.errors, "request", "The request is not valid JSON", "Request", "error.jsonMeta");
        put(&answer, request.errors.text);
        put(&answer, "]},\"response_meta\":{\"compiler_type\":\"Type3\"}}");
    } else {
        if (request.document.tokens[0].type != JSMN_OBJECT)
            throw_exception();
        int meta = json_member(&request.document, 0, "request_meta");
        compute(&request, meta);
        put_answer(&request, meta, &answer);
    }
    release(&request);
    *answer_length = (int)answer.length;
    return answer.text;
}
