#include "nodes/image/nodes.h"

WEFT_PLUGIN("weft.image", "0.1.0", registry) {
  weft::image::add_types(registry);
  weft::image::add_load(registry);
  weft::image::add_save(registry);
  weft::image::add_preview(registry);
  weft::image::add_resize(registry);
  weft::image::add_crop(registry);
  weft::image::add_composite(registry);
  weft::image::add_batch(registry);
  weft::image::add_grid(registry);
  weft::image::add_strip(registry);
  weft::image::add_table(registry);
  weft::image::add_compare(registry);
  weft::image::add_plot_noise(registry);
  weft::image::add_upscale(registry);
  weft::image::add_blend(registry);
  weft::image::add_filter(registry);
  weft::image::add_arrange(registry);
  weft::image::add_make(registry);
  weft::image::add_yuv(registry);
  weft::image::add_resize_to(registry);
  weft::image::add_hints(registry);
  weft::image::add_tiles(registry);
  weft::image::add_match(registry);
  weft::image::add_quantize(registry);
}
