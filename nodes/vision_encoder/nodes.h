// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "nodes/sd/values/clip_vision.h"
#include "plugins/sdk.h"

namespace weft::vision_encoder {

void add_types(Registry& registry);
void add_encode(Registry& registry);

}  // namespace weft::vision_encoder
