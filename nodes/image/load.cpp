// image.load: a picture from a file, and its transparency as a mask.
#include <fmt/format.h>

#include "nodes/image/image_file.h"
#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

namespace fs = std::filesystem;

fs::path find_file(const std::string& name, const RunEnvironment& environment) {
  const fs::path path(name);
  if (path.is_absolute()) return path;
  for (const fs::path& folder : {environment.workflow_folder, environment.input_folder})
    if (!folder.empty() && fs::exists(folder / path)) return folder / path;
  return path;
}

class LoadImage final : public Node {
  Param<std::string> file_{*this, "file", {.required = true, .widget = Widget::File,
      .tip = "PNG, JPEG, WebP, TIFF or EXR; looked up beside the workflow, then in the input folder"}};
  Output<Image> image_{*this, "image"};
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
    const fs::path file = find_file(ctx[file_], ctx.environment());
    std::error_code error;
    const auto size = fs::file_size(file, error);
    const auto time = fs::last_write_time(file, error);
    return error ? "missing" : fmt::format("{} {}", size, time.time_since_epoch().count());
  }
};

}  // namespace

void add_load(Registry& registry) {
  registry.add<LoadImage>("image.load", {.title = "Load Image", .menu = "Image",
      .doc = "Reads a picture from a file. Transparency comes out as a mask, which inpainting takes as it is.",
      .lane = Lane::Io});
}

}  // namespace weft::image
