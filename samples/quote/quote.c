/* A quote for a term life policy: its premium, by the term life service, and alternatives with other terms, each by the
 * alternative service. An external API tells the rate of a foreign currency. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "service_calls.h"

#define MOST_ALTERNATIVES 100

static const input_definition INPUTS[] = {
    {"birth_date", DATE, "\"1990-06-15\""},
    {"smoker", TEXT, "\"no\""},
    {"sum_assured", NUMBER, "250000"},
    {"term_years", NUMBER, "20"},
    {"premium_limit", NUMBER, "1500"},
    {"alternatives", TABLE, "[{\"term_years\":10},{\"term_years\":30}]"},
    {"currency", TEXT, "\"EUR\""},
    {"form", NUMBER, "2"},
};

static const char *const COLUMNS[] = {"term_years", "annual_premium", "affordable"};

typedef struct {
    double years, premium;
    char *affordable;
} alternative;

static int answer_form(engine *request)
{
    return (int)input_number(request, "form");
}

static void put_policy(buffer *inputs, engine *request)
{
    static const char *const NAMES[] = {"birth_date", "smoker", "sum_assured"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        put(inputs, i ? "," : "{");
        put_string(inputs, NAMES[i]);
        put(inputs, ":");
        put_input(inputs, request, NAMES[i]);
    }
}

static void note_problem(engine *request, const char *source, const service_answer *answer)
{
    if (answer->problem)
        report_error(request, source, "error.xcall", answer->problem);
}

static double exchange_rate(engine *request)
{
    const char *currency = input_text(request, "currency");
    if (strcmp(currency, "EUR") == 0)
        return 1;
    buffer wanted = {0};
    put(&wanted, "{\"currency\":");
    put_string(&wanted, currency);
    put(&wanted, "}");
    service_answer answer = call_external(wanted.text, answer_form(request));
    free(wanted.text);
    note_problem(request, "exchange rate", &answer);
    double rate = answer_number(&answer, "rate");
    free_answer(&answer);
    return rate;
}

static service_answer call_term_life(engine *request)
{
    buffer inputs = {0};
    put_policy(&inputs, request);
    put(&inputs, ",\"term_years\":");
    put_input(&inputs, request, "term_years");
    put(&inputs, "}");
    service_answer answer = call_service("term-life", inputs.text, "[\"annual_premium\",\"risk_class\"]", answer_form(request));
    free(inputs.text);
    note_problem(request, "insurance/term-life", &answer);
    return answer;
}

static alternative call_alternative(engine *request, int row)
{
    alternative found = {.years = cell_number(request, "alternatives", row, "term_years")};
    buffer inputs = {0};
    put_policy(&inputs, request);
    put(&inputs, ",\"premium_limit\":");
    put_input(&inputs, request, "premium_limit");
    put(&inputs, ",\"term_years\":");
    if (isfinite(found.years))
        put_number(&inputs, found.years);
    else
        put(&inputs, "null");
    put(&inputs, ",\"form\":");
    put_number(&inputs, answer_form(request));
    put(&inputs, "}");
    service_answer answer = call_service("alternative", inputs.text, "[]", answer_form(request));
    free(inputs.text);
    note_problem(request, "insurance/alternative", &answer);
    found.premium = answer_number(&answer, "annual_premium");
    found.affordable = answer_text(&answer, "affordable");
    free_answer(&answer);
    return found;
}

static void output_alternatives(engine *request, double rate)
{
    static alternative rows[MOST_ALTERNATIVES];
    int count = input_rows(request, "alternatives"), best = -1;
    count = count > MOST_ALTERNATIVES ? MOST_ALTERNATIVES : count;
    for (int i = 0; i < count; i++) {
        rows[i] = call_alternative(request, i);
        rows[i].premium *= rate;
        if (strcmp(rows[i].affordable, "yes") == 0 && (best < 0 || rows[i].years > rows[best].years))
            best = i;
    }
    output_number(request, "Quote", "longest_affordable_term", best < 0 ? 0 : rows[best].years);
    if (table_open(request, "Quote", "alternatives", COLUMNS, sizeof COLUMNS / sizeof *COLUMNS)) {
        for (int i = 0; i < count; i++) {
            table_number(request, rows[i].years);
            table_number(request, rows[i].premium);
            table_text(request, rows[i].affordable);
        }
        table_close(request);
    }
    for (int i = 0; i < count; i++)
        free(rows[i].affordable);
}

static void compute(engine *request)
{
    double rate = exchange_rate(request);
    service_answer answer = call_term_life(request);
    char *risk_class = answer_text(&answer, "risk_class");
    output_number(request, "Premium", "annual_premium", answer_number(&answer, "annual_premium") * rate);
    output_text(request, "Premium", "risk_class", risk_class);
    free(risk_class);
    free_answer(&answer);
    output_alternatives(request, rate);
}

const model_definition MODEL = {
    .compiler_version = "1.46.0",
    .inputs = INPUTS,
    .input_count = sizeof INPUTS / sizeof *INPUTS,
    .compute = compute,
};
