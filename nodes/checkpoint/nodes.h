// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::checkpoint {

void add_load(Registry& registry);
void add_save(Registry& registry);

}  // namespace weft::checkpoint
