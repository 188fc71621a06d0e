// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::unet {

void add_step(Registry& registry);
void add_attention(Registry& registry);

}  // namespace weft::unet
