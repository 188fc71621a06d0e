// The nodes of this library, a function each; plugin.cpp calls them all.
#pragma once

#include "plugins/sdk.h"

namespace weft::image {

void add_load(Registry& registry);
void add_save(Registry& registry);
void add_preview(Registry& registry);
void add_resize(Registry& registry);
void add_crop(Registry& registry);
void add_composite(Registry& registry);
void add_batch(Registry& registry);
void add_grid(Registry& registry);
void add_strip(Registry& registry);
void add_table(Registry& registry);
void add_compare(Registry& registry);
void add_plot_noise(Registry& registry);
void add_upscale(Registry& registry);
void add_blend(Registry& registry);
void add_filter(Registry& registry);
void add_arrange(Registry& registry);
void add_make(Registry& registry);
void add_yuv(Registry& registry);
void add_resize_to(Registry& registry);
void add_hints(Registry& registry);
void add_tiles(Registry& registry);
void add_match(Registry& registry);
void add_quantize(Registry& registry);
void add_types(Registry& registry);

}  // namespace weft::image
