// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::sampler {

void add_ksampler(Registry& registry);
void add_custom(Registry& registry);
void add_parts(Registry& registry);
void add_guiders(Registry& registry);
void add_noise(Registry& registry);
void add_schedules(Registry& registry);
void add_sigmas(Registry& registry);
void add_samplers(Registry& registry);

}  // namespace weft::sampler
