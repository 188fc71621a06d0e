// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::conditioning {

void add_mix(Registry& registry);
void add_place(Registry& registry);
void add_segmentation(Registry& registry);
void add_control(Registry& registry);
void add_picture(Registry& registry);
void add_image_prompt(Registry& registry);

}  // namespace weft::conditioning
