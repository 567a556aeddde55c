/* A savings policy, month by month over a table of assumptions. The formulas stand in samples/README.md. */
#include <math.h>

#include "engine.h"

#define MOST_MONTHS 600
#define MOST_ASSUMPTIONS 50

static const input_definition INPUTS[] = {
    {"age", NUMBER, "40"},
    {"months", NUMBER, "300"},
    {"premium", NUMBER, "200"},
    {"sum_assured", NUMBER, "100000"},
    {"interest_rate", NUMBER, "0.02"},
    {"assumptions", TABLE,
     "[{\"from_year\":0,\"growth\":0.04,\"lapse\":0.08,\"expense\":12},{\"from_year\":3,\"growth\":0.04,\"lapse\":0.05,"
     "\"expense\":6},{\"from_year\":10,\"growth\":0.035,\"lapse\":0.02,\"expense\":5}]"},
};

typedef struct {
    double from_year, growth, lapse, expense;
} assumption;

typedef struct {
    int months, assumption_count;
    double age, premium, sum, interest;
    assumption assumptions[MOST_ASSUMPTIONS];
    /* By month; those of the fund and of who is left have one more, after the last month. */
    double deaths[MOST_MONTHS], lapses[MOST_MONTHS], growth[MOST_MONTHS], expenses[MOST_MONTHS], reserve[MOST_MONTHS];
    double fund[MOST_MONTHS + 1], in_force[MOST_MONTHS + 1];
} policy;

/* Rounded half up, as the workbook shows it. */
static double rounded(double value, double parts)
{
    return floor(value * parts + 0.5) / parts;
}

static double monthly(double yearly)
{
    return 1 - pow(1 - yearly, 1.0 / 12);
}

static double mortality(double age)
{
    return 1 - exp(-(0.0005 + 0.00004 * pow(1.1, age)));
}

/* The last row that starts in this year or before. */
static assumption assumption_for(const policy *p, int year)
{
    assumption found = {0, 0, 0, 0};
    for (int i = 0; i < p->assumption_count; i++)
        if (p->assumptions[i].from_year <= year)
            found = p->assumptions[i];
    return found;
}

static double at_risk(const policy *p, int month)
{
    return fmax(0, p->sum - p->fund[month]);
}

static void project(policy *p)
{
    p->fund[0] = 0;
    p->in_force[0] = 1;
    for (int t = 0; t < p->months; t++) {
        assumption found = assumption_for(p, t / 12);
        p->deaths[t] = monthly(mortality(p->age + t / 12));
        p->lapses[t] = monthly(found.lapse);
        p->growth[t] = pow(1 + found.growth, 1.0 / 12) - 1;
        p->expenses[t] = found.expense;
        double invested = p->fund[t] + p->premium - p->expenses[t] - at_risk(p, t) * p->deaths[t];
        p->fund[t + 1] = fmax(0, invested * (1 + p->growth[t]));
        p->in_force[t + 1] = p->in_force[t] * (1 - p->deaths[t]) * (1 - p->lapses[t]);
    }
}

/* What the deaths from this month on are worth now: each month looks at all that follow, as a workbook does. */
static double reserve_at(const policy *p, int month)
{
    double value = 0, left = 1;
    for (int t = month; t < p->months; t++) {
        value += pow(1 + p->interest, -(t - month + 1) / 12.0) * left * p->deaths[t] * at_risk(p, t);
        left *= (1 - p->deaths[t]) * (1 - p->lapses[t]);
    }
    return value;
}

static void read_assumptions(engine *request, policy *p)
{
    int rows = input_rows(request, "assumptions");
    p->assumption_count = rows < MOST_ASSUMPTIONS ? rows : MOST_ASSUMPTIONS;
    for (int row = 0; row < p->assumption_count; row++)
        p->assumptions[row] = (assumption){
            cell_number(request, "assumptions", row, "from_year"),
            cell_number(request, "assumptions", row, "growth"),
            cell_number(request, "assumptions", row, "lapse"),
            cell_number(request, "assumptions", row, "expense"),
        };
}

static void compute_projection(engine *request, const policy *p)
{
    static const char *const COLUMNS[] = {"month", "age", "in_force", "premium", "expense", "fund", "death_benefit", "reserve"};
    if (!table_open(request, "Projection", "projection", COLUMNS, 8))
        return;
    for (int t = 0; t < p->months; t++) {
        table_number(request, t + 1);
        table_number(request, p->age + t / 12);
        table_number(request, rounded(p->in_force[t + 1], 1e6));
        table_number(request, p->premium);
        table_number(request, p->expenses[t]);
        table_number(request, rounded(p->fund[t + 1], 100));
        table_number(request, rounded(fmax(p->sum, p->fund[t]), 100));
        table_number(request, rounded(p->reserve[t], 100));
    }
    table_close(request);
}

static void compute(engine *request)
{
    static policy p; /* too large for the stack */
    double months = input_number(request, "months");
    p.age = input_number(request, "age");
    p.premium = input_number(request, "premium");
    p.sum = input_number(request, "sum_assured");
    p.interest = input_number(request, "interest_rate");
    p.months = months >= 1 && months <= MOST_MONTHS ? (int)months : 0;
    if (!p.months)
        report_error(request, "months", "error.range", "The number of months must be from 1 to 600.");
    read_assumptions(request, &p);
    project(&p);
    double paid = 0, claims = 0;
    for (int t = 0; t < p.months; t++) {
        p.reserve[t] = reserve_at(&p, t);
        paid += p.in_force[t] * p.premium;
        claims += p.in_force[t] * p.deaths[t] * fmax(p.sum, p.fund[t]);
    }
    output_number(request, "Summary", "fund_at_end", p.months ? p.fund[p.months] : NAN);
    output_number(request, "Summary", "in_force_at_end", p.months ? p.in_force[p.months] : NAN);
    output_number(request, "Summary", "premiums_paid", p.months ? paid : NAN);
    output_number(request, "Summary", "death_benefits", p.months ? claims : NAN);
    output_number(request, "Summary", "cost_of_risk", p.months ? p.reserve[0] : NAN);
    compute_projection(request, &p);
}

/* Dynamic validation: nobody is older than 100 at the end. */
static void validate(engine *request)
{
    double most = 12 * (100 - input_number(request, "age"));
    if (most < MOST_MONTHS)
        validation(request, "months",
                   "\"validation_type\":\"whole_number\",\"operator\":\"between\",\"default_value\":300,\"min\":1,\"max\":%d,"
                   "\"error_title\":\"Months\",\"error_message\":\"The policy must end by age 100.\"",
                   (int)fmax(1, most));
}

const model_definition MODEL = {
    .compiler_version = "1.46.0",
    .inputs = INPUTS,
    .input_count = sizeof INPUTS / sizeof *INPUTS,
    .compute = compute,
    .validate = validate,
};
