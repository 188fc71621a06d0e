// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::vae {

void add_encode(Registry& registry);
void add_inpaint(Registry& registry);
void add_pix2pix(Registry& registry);
void add_decode(Registry& registry);

}  // namespace weft::vae
