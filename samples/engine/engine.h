/* The part that every sample model shares: it reads a request, gives the model its inputs, takes its outputs and
 * writes the answer, in the way that a compiled model of the platform does. A model is what `model.h` would be in
 * larger systems: a table of inputs and two functions. See samples/README.md. */
#ifndef ENGINE_H
#define ENGINE_H

typedef struct engine engine;

typedef enum { NUMBER, TEXT, DATE, TABLE } input_kind;

typedef struct {
    const char *name;
    input_kind kind;
    const char *standard; /* the default, as JSON */
} input_definition;

typedef struct {
    const char *compiler_version;
    const input_definition *inputs;
    int input_count;
    void (*load)(void);                /* once; reads the preloaded files; may be NULL */
    void (*compute)(engine *request);  /* gives outputs */
    void (*validate)(engine *request); /* gives the validation properties that differ from the static ones */
} model_definition;

/* Defined by each model. */
extern const model_definition MODEL;

/* Inputs. A number that is not one is NaN; a date is in days since 1970-01-01, or NaN. */
double input_number(engine *request, const char *name);
double input_date(engine *request, const char *name);
const char *input_text(engine *request, const char *name);
int input_rows(engine *request, const char *name);
double cell_number(engine *request, const char *name, int row, const char *column);
const char *cell_text(engine *request, const char *name, int row, const char *column);

/* Outputs. NaN is written as #VALUE!, an infinity as null. `subservice` may be NULL; outputs of the subservice
 * "Metadata" are returned only where they are asked for. */
void output_number(engine *request, const char *subservice, const char *name, double value);
void output_text(engine *request, const char *subservice, const char *name, const char *value);
void output_date(engine *request, const char *subservice, const char *name, double days);

/* A table: open answers 0 where nobody asked for it; then one call a cell, row by row, and close. */
int table_open(engine *request, const char *subservice, const char *name, const char *const *columns, int count);
void table_number(engine *request, double value);
void table_text(engine *request, const char *value);
void table_date(engine *request, double days);
void table_close(engine *request);

/* One input's properties, for `validate`, as the members of a JSON object without its braces. */
void validation(engine *request, const char *input, const char *format, ...);

/* Entries of the answer's `errors`. */
void report_error(engine *request, const char *source, const char *type, const char *message);

/* Calendar. */
double date_of(int year, int month, int day);
void split_date(double days, int *year, int *month, int *day);

#endif
