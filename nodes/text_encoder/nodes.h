// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::text_encoder {

void add_encode(Registry& registry);
void add_encode_xl(Registry& registry);
void add_load(Registry& registry);
void add_wildcards(Registry& registry);

}  // namespace weft::text_encoder
