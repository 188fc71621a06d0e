// image.load: a picture from a file, and its transparency as a mask.
#include <fmt/format.h>

#include "graph/asset_files.h"
#include "nodes/image/image_file.h"
#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

std::filesystem::path find_file(const std::string& name, const RunEnvironment& environment) {
  if (const auto found = find_input_file(environment, name)) return *found;
  throw NodeError(fmt::format("there is no file '{}' beside the workflow or in the input folder", name),
                  "check the name, or give an absolute path");
}

class LoadImage final : public Node {
  Param<std::string> file_{*this, "file", {.required = true, .widget = Widget::File,
      .tip = "PNG, JPEG, WebP, TIFF or EXR; looked up beside the workflow, then in the input folder"}};
  Output<Image> image_{*this, "image", {.tip = "turned upright, in colours from 0 to 1"}};
  Output<Mask> mask_{*this, "mask", {.tip = "1 where the picture is transparent; all 0 if it has no transparency"}};

  void run(RunContext& ctx) const override {
    const LoadedPicture loaded = load_picture(find_file(ctx[file_], ctx.environment()));
    const torch::Tensor mask = loaded.alpha.defined()
                                   ? 1 - loaded.alpha
                                   : torch::zeros({1, loaded.pixels.size(1), loaded.pixels.size(2)});
    ctx.set(image_, Image(loaded.pixels));
    ctx.set(mask_, Mask(mask));
  }

  std::string fingerprint(const RunContext& ctx) const override {
    if (!ctx.input(file_.index)) return {};
    const std::filesystem::path file = find_file(ctx[file_], ctx.environment());
    return fmt::format("{} {} {}", file.string(), std::filesystem::file_size(file),
                       std::filesystem::last_write_time(file).time_since_epoch().count());
  }
};

}  // namespace

void add_load(Registry& registry) {
  registry.add<LoadImage>("image.load", {.title = "Load Image", .menu = "Image",
      .doc = "Reads a picture from a file. Transparency comes out as a mask, which inpainting takes as it is.",
      .lane = Lane::Io});
}

}  // namespace weft::image
