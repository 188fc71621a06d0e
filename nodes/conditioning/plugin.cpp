#include "nodes/conditioning/nodes.h"
#include "nodes/sd/values/bytes.h"
#include "nodes/sd/values/describe.h"

WEFT_PLUGIN("weft.conditioning", "0.1.0", registry) {
  registry.add_type({.id = "conditioning",
      .title = "Conditioning",
      .colour = "#ffb74d",
      .doc = "What a picture is conditioned on: encoded words, and where and when they count.",
      .describe = [](const weft::Value& v) { return weft::sd::describe(v.as<weft::Conditioning>().entries); },
      .encode = [](const weft::Value& v) { return weft::sd::to_bytes(weft::sd::parts_of(v.as<weft::Conditioning>())); },
      .decode =
          [](std::string_view bytes) { return weft::Value::of(weft::sd::conditioning_of(weft::sd::parts_in(bytes))); },
      .example =
          [] {
            return weft::Value::of(weft::Conditioning{{{.context = torch::linspace(-1, 1, 7 * 8).view({1, 7, 8})}}});
          }});
  weft::conditioning::add_mix(registry);
  weft::conditioning::add_place(registry);
  weft::conditioning::add_segmentation(registry);
  weft::conditioning::add_picture(registry);
  weft::conditioning::add_control(registry);
  weft::conditioning::add_image_prompt(registry);
}
