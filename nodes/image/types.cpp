// What generic code knows of pictures and masks: their names, colours, small previews and descriptions.
#include "nodes/image/image_file.h"
#include "nodes/image/nodes.h"
#include "nodes/sd/values/bytes.h"
#include "nodes/sd/values/describe.h"

namespace weft::image {
namespace {

/// The first picture of a batch [B, H, W, 3].
Picture first_picture(const torch::Tensor& pixels) {
  return {.width = static_cast<int>(pixels.size(2)),
      .height = static_cast<int>(pixels.size(1)),
      .rgb = to_bytes(pixels[0])};
}

/// A value for each item of a batch.
template <class T>
std::vector<Value> split(const torch::Tensor& batch) {
  std::vector<Value> items;
  for (const torch::Tensor& item : batch.split(1)) items.push_back(Value::of(T(item)));
  return items;
}

std::string encoded(const torch::Tensor& tensor) {
  sd::ValueParts parts;
  parts.add("values", tensor);
  return sd::to_bytes(parts);
}

template <class T>
Value decoded(std::string_view bytes) {
  const torch::Tensor values = sd::parts_in(bytes).tensor("values");
  if (!values.defined()) throw NodeError("these bytes are no picture and no mask", "make the value again");
  return Value::of(T(values));
}

/// From 0 to 1, in a size that is neither square nor a multiple of 8: [1, 36, 52].
torch::Tensor example_ramp() { return torch::linspace(0, 1, 36 * 52).view({1, 36, 52}); }

}  // namespace

void add_types(Registry& registry) {
  registry.add_type({.id = "image",
      .title = "Image",
      .colour = "#64b5f6",
      .doc = "A batch of RGB pictures: float32 [batch, height, width, 3] in [0, 1].",
      .preview = [](const Value& v) { return first_picture(v.as<Image>().pixels()); },
      .items = [](const Value& v) { return split<Image>(v.as<Image>().pixels()); },
      .describe = [](const Value& v) { return sd::describe(v.as<Image>().pixels()); },
      .encode = [](const Value& v) { return encoded(v.as<Image>().pixels()); },
      .decode = decoded<Image>,
      .example = [] { return Value::of(Image(example_ramp().unsqueeze(3) * torch::tensor({1.f, 0.5f, 0.25f}))); }});
  registry.add_type({.id = "mask",
      .title = "Mask",
      .colour = "#81c784",
      .doc = "A batch of masks: float32 [batch, height, width] in [0, 1]; 1 = selected.",
      .preview =
          [](const Value& v) { return first_picture(v.as<Mask>().values().unsqueeze(3).expand({-1, -1, -1, 3})); },
      .items = [](const Value& v) { return split<Mask>(v.as<Mask>().values()); },
      .describe = [](const Value& v) { return sd::describe(v.as<Mask>().values()); },
      .encode = [](const Value& v) { return encoded(v.as<Mask>().values()); },
      .decode = decoded<Mask>,
      .example = [] { return Value::of(Mask(example_ramp())); }});
}

}  // namespace weft::image
