/* A term life policy: premium, riders and the course of its reserve. The formulas stand in samples/README.md. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

#define MOST_YEARS 60
#define MOST_RIDERS 20

static const input_definition INPUTS[] = {
    {"birth_date", DATE, "\"1990-06-15\""},
    {"start_date", DATE, "\"2026-01-01\""},
    {"smoker", TEXT, "\"no\""},
    {"sum_assured", NUMBER, "250000"},
    {"term_years", NUMBER, "20"},
    {"interest_rate", NUMBER, "0.02"},
    {"frequency", TEXT, "\"monthly\""},
    {"riders", TABLE, "[{\"rider\":\"accident\",\"sum_assured\":100000},{\"rider\":\"disability\",\"sum_assured\":50000}]"},
};

static const struct {
    const char *name;
    int instalments;
    double factor;
} FREQUENCIES[] = {{"annual", 1, 1.0}, {"half-yearly", 2, 1.02}, {"quarterly", 4, 1.03}, {"monthly", 12, 1.05}};

/* From the preloaded file: a rider's name and its premium a year for 1,000 of its sum. */
static struct {
    char name[32];
    double rate;
} RATES[16];
static int RATE_COUNT;

static void load(void)
{
    FILE *file = fopen("/rider_rates.csv", "r");
    while (file && RATE_COUNT < 16 && fscanf(file, " %31[^,],%lf", RATES[RATE_COUNT].name, &RATES[RATE_COUNT].rate) == 2)
        RATE_COUNT++;
    if (file)
        fclose(file);
}

static double age_at(double birth, double moment)
{
    if (isnan(birth) || isnan(moment))
        return NAN;
    int birth_year, birth_month, birth_day, year, month, day;
    split_date(birth, &birth_year, &birth_month, &birth_day);
    split_date(moment, &year, &month, &day);
    return year - birth_year - (month < birth_month || (month == birth_month && day < birth_day));
}

/* The same day some years on; 29 February becomes the 28th where there is none. */
static double anniversary(double start, int years)
{
    if (isnan(start))
        return NAN;
    int year, month, day, y, m, d;
    split_date(start, &year, &month, &day);
    double days = date_of(year + years, month, day);
    split_date(days, &y, &m, &d);
    return m == month ? days : date_of(year + years, month, 28);
}

static double mortality(double age, int smoker)
{
    double yearly = 1 - exp(-(0.0005 + 0.00004 * pow(1.1, age)));
    double chance = yearly * (smoker ? 1.8 : 1);
    return isnan(chance) ? chance : fmin(1, chance);
}

typedef struct {
    double age, sum, interest, net, riders;
    int years, smoker;
    double in_force[MOST_YEARS + 1], reserve[MOST_YEARS + 1], benefit, annuity;
} policy;

/* Present values from the end backwards: one pass gives those of every year. */
static void value_policy(policy *p)
{
    double discount = 1 / (1 + p->interest);
    double benefits[MOST_YEARS + 1] = {0}, annuities[MOST_YEARS + 1] = {0};
    for (int k = p->years - 1; k >= 0; k--) {
        double q = mortality(p->age + k, p->smoker);
        benefits[k] = discount * (q + (1 - q) * benefits[k + 1]);
        annuities[k] = 1 + discount * (1 - q) * annuities[k + 1];
    }
    p->net = p->sum * benefits[0] / annuities[0];
    p->in_force[0] = 1;
    for (int k = 0; k <= p->years; k++) {
        p->reserve[k] = k < p->years ? p->sum * benefits[k] - p->net * annuities[k] : 0;
        if (k < p->years)
            p->in_force[k + 1] = p->in_force[k] * (1 - mortality(p->age + k, p->smoker));
    }
    p->reserve[0] = 0;
}

static double rider_premium(engine *request, int row)
{
    const char *name = cell_text(request, "riders", row, "rider");
    for (int i = 0; i < RATE_COUNT; i++)
        if (strcmp(RATES[i].name, name) == 0)
            return RATES[i].rate * cell_number(request, "riders", row, "sum_assured") / 1000;
    return NAN;
}

static void compute_riders(engine *request, policy *p)
{
    static const char *const COLUMNS[] = {"rider", "sum_assured", "premium"};
    int rows = input_rows(request, "riders");
    rows = rows < MOST_RIDERS ? rows : MOST_RIDERS;
    for (int row = 0; row < rows; row++)
        p->riders += rider_premium(request, row);
    if (!table_open(request, "Premium", "rider_premiums", COLUMNS, 3))
        return;
    for (int row = 0; row < rows; row++) {
        table_text(request, cell_text(request, "riders", row, "rider"));
        table_number(request, cell_number(request, "riders", row, "sum_assured"));
        table_number(request, rider_premium(request, row));
    }
    table_close(request);
}

static void compute_schedule(engine *request, const policy *p, double start)
{
    static const char *const COLUMNS[] = {"year", "date", "age", "in_force", "reserve"};
    if (!table_open(request, "Reserve", "schedule", COLUMNS, 5))
        return;
    for (int k = 0; k <= p->years; k++) {
        table_number(request, k);
        table_date(request, anniversary(start, k));
        table_number(request, p->age + k);
        table_number(request, p->in_force[k]);
        table_number(request, p->reserve[k]);
    }
    table_close(request);
}

static void check(engine *request, const policy *p, double term)
{
    if (p->age < 18 || p->age > 75)
        report_error(request, "age", "error.range", "The age at the start must be from 18 to 75.");
    if (!(term >= 1 && term <= MOST_YEARS && term == floor(term)))
        report_error(request, "term_years", "error.range", "The term must be a whole number of years from 1 to 60.");
}

static void compute(engine *request)
{
    double start = input_date(request, "start_date"), term = input_number(request, "term_years");
    policy p = {
        .age = age_at(input_date(request, "birth_date"), start),
        .sum = input_number(request, "sum_assured"),
        .interest = input_number(request, "interest_rate"),
        .smoker = strcmp(input_text(request, "smoker"), "yes") == 0,
    };
    p.years = term >= 1 && term <= MOST_YEARS ? (int)term : 0;
    check(request, &p, term);
    value_policy(&p);
    if (p.years == 0)
        p.net = NAN;
    output_number(request, "Premium", "age", p.age);
    compute_riders(request, &p);

    int instalments = 0;
    double factor = NAN;
    for (size_t i = 0; i < sizeof FREQUENCIES / sizeof *FREQUENCIES; i++)
        if (strcmp(FREQUENCIES[i].name, input_text(request, "frequency")) == 0) {
            instalments = FREQUENCIES[i].instalments;
            factor = FREQUENCIES[i].factor;
        }
    double annual = p.net / 0.85 + 0.0008 * p.sum + 36 + p.riders;
    output_number(request, "Premium", "net_premium", p.net);
    output_number(request, "Premium", "annual_premium", annual);
    output_number(request, "Premium", "instalment", annual * factor / instalments);
    output_date(request, "Premium", "end_date", anniversary(start, p.years));
    output_text(request, "Premium", "risk_class", p.smoker ? "smoker" : "non-smoker");
    compute_schedule(request, &p, start);
    output_text(request, "Metadata", "Metadata.PrimaryColor", p.smoker ? "#C0392B" : "#1F6F5C");
}

/* Dynamic validation: the sum and the term that an age allows. */
static void validate(engine *request)
{
    double age = age_at(input_date(request, "birth_date"), input_date(request, "start_date"));
    if (isnan(age))
        return;
    if (age >= 50)
        validation(request, "sum_assured",
                   "\"validation_type\":\"decimal\",\"operator\":\"between\",\"default_value\":250000,\"min\":10000,\"max\":500000,"
                   "\"error_title\":\"Sum assured\",\"error_message\":\"From age 50 on the sum is at most 500,000.\"");
    int most = (int)fmax(1, fmin(40, 80 - age));
    if (most != 40)
        validation(request, "term_years",
                   "\"validation_type\":\"whole_number\",\"operator\":\"between\",\"default_value\":20,\"min\":1,\"max\":%d,"
                   "\"error_title\":\"Term\",\"error_message\":\"The policy must end by age 80.\"",
                   most);
}

const model_definition MODEL = {
    .compiler_version = "1.46.0",
    .inputs = INPUTS,
    .input_count = sizeof INPUTS / sizeof *INPUTS,
    .load = load,
    .compute = compute,
    .validate = validate,
};
