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
}
