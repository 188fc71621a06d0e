// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "plugins/sdk.h"

namespace weft::mask {

void add_make(Registry& registry);
void add_draw(Registry& registry);
void add_convert(Registry& registry);
void add_shape(Registry& registry);
void add_place(Registry& registry);

}  // namespace weft::mask
