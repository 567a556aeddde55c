/* What a term life policy would cost with another term, and whether that is within a limit. The premium is the term life
 * service's. */
#include <math.h>
#include <stdlib.h>

#include "service_calls.h"

static const input_definition INPUTS[] = {
    {"birth_date", DATE, "\"1990-06-15\""},
    {"smoker", TEXT, "\"no\""},
    {"sum_assured", NUMBER, "250000"},
    {"term_years", NUMBER, "10"},
    {"premium_limit", NUMBER, "1500"},
    {"form", NUMBER, "2"},
};

static const char *const PASSED_ON[] = {"birth_date", "smoker", "sum_assured", "term_years"};

static void compute(engine *request)
{
    buffer inputs = {0};
    for (size_t i = 0; i < sizeof PASSED_ON / sizeof *PASSED_ON; i++) {
        put(&inputs, i ? "," : "{");
        put_string(&inputs, PASSED_ON[i]);
        put(&inputs, ":");
        put_input(&inputs, request, PASSED_ON[i]);
    }
    put(&inputs, "}");
    service_answer answer = call_service("term-life", inputs.text, "[\"annual_premium\"]", (int)input_number(request, "form"));
    free(inputs.text);
    if (answer.problem)
        report_error(request, "insurance/term-life", "error.xcall", answer.problem);
    double premium = answer_number(&answer, "annual_premium");
    output_number(request, "Premium", "annual_premium", premium);
    output_text(request, "Premium", "affordable", premium <= input_number(request, "premium_limit") ? "yes" : "no");
    free_answer(&answer);
}

const model_definition MODEL = {
    .compiler_version = "1.46.0",
    .inputs = INPUTS,
    .input_count = sizeof INPUTS / sizeof *INPUTS,
    .compute = compute,
};
