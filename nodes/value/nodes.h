// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "plugins/sdk.h"

namespace weft::value {

void add_constants(Registry& registry);
void add_sizes(Registry& registry);
void add_text(Registry& registry);
void add_patterns(Registry& registry);
void add_format(Registry& registry);
void add_math(Registry& registry);

}  // namespace weft::value
