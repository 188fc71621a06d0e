// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::latent {

void add_empty(Registry& registry);
void add_noise(Registry& registry);
void add_batch(Registry& registry);
void add_change(Registry& registry);
void add_diffuse(Registry& registry);
void add_pictures(Registry& registry);
void add_arithmetic(Registry& registry);
void add_arrange(Registry& registry);
void add_composite(Registry& registry);
void add_file(Registry& registry);
void add_operation(Registry& registry);
void add_types(Registry& registry);

}  // namespace weft::latent
