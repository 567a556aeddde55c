/* A cylinder's volume and surface; from version 1.5.0 on its mass too. */
#include <math.h>

#include "engine.h"

#define PI 3.14159265358979323846

static const input_definition INPUTS[] = {
    {"height", NUMBER, "4"},
    {"radius", NUMBER, "7"},
#if REVISION >= 150
    {"density", NUMBER, "1"},
#endif
};

static void compute(engine *request)
{
    double height = input_number(request, "height"), radius = input_number(request, "radius");
    double volume = PI * radius * radius * height;
    output_number(request, "Size", "volume", volume);
    output_number(request, "Size", "surface", 2 * PI * radius * (radius + height));
#if REVISION >= 150
    output_number(request, "Weight", "mass", volume * input_number(request, "density"));
#endif
}

const model_definition MODEL = {
    .compiler_version = "1.46.0",
    .inputs = INPUTS,
    .input_count = sizeof INPUTS / sizeof *INPUTS,
    .compute = compute,
};
