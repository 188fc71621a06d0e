// image.load, image.load_mask: a picture from a file, its transparency or one of its channels as a mask.
#include <fmt/format.h>

#include "assets/input_files.h"
#include "nodes/image/image_file.h"
#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

constexpr std::int64_t kAllFrames = -1;

std::uint64_t most_pixels() {
  try {
    return pictures::most_pixels();
  } catch (const pictures::PictureError& error) {
    throw NodeError(error.what(), error.remedy());
  }
}

/// What both read: a file, and which of its frames.
class FileNode : public Node {
 protected:
  Param<std::string> file_{*this, "file",
      {.required = true,
          .widget = Widget::File,
          .role = PortRole::PictureFile,
          .tip = "PNG, JPEG, WebP, GIF, TIFF or EXR; looked for beside the workflow, then in the input folder"}};

  /// `frame`: kAllFrames, or one of them from 0.
  LoadedPicture load(RunContext& ctx, std::int64_t frame) const {
    pictures::ReadOptions options{
        .frame = std::nullopt, .allow_truncated = ctx.environment().allow_truncated, .most_pixels = most_pixels()};
    if (frame != kAllFrames) options.frame = static_cast<int>(frame);
    LoadedPicture loaded = load_picture(require_input_file(ctx.environment(), ctx[file_]), options,
        [&](std::int64_t done, std::int64_t total) { ctx.progress(done, total); });
    for (const std::string& warning : loaded.warnings) ctx.warn(fmt::format("{}: {}", ctx[file_], warning));
    return loaded;
  }

 private:
  std::string fingerprint(const RunContext& ctx) const override {
    if (!ctx.input(file_.index)) return {};
    const std::filesystem::path file = require_input_file(ctx.environment(), ctx[file_]);
    return fmt::format("{} {} {} {}", file.string(), std::filesystem::file_size(file),
        std::filesystem::last_write_time(file).time_since_epoch().count(), ctx.environment().allow_truncated);
  }
};

class LoadImage final : public FileNode {
  Param<std::int64_t> frame_{*this, "frame",
      {.init = kAllFrames,
          .min = kAllFrames,
          .max = 1'000'000,
          .tip = "of an animation or a multi-page file: -1 gives all as a batch, 0 the first, and so on"}};
  Output<Image> image_{*this, "image", {.tip = "turned upright, in the file's colours from 0 to 1"}};
  Output<Mask> mask_{*this, "mask", {.tip = "1 where the picture is transparent; all 0 if it has no transparency"}};

  void run(RunContext& ctx) const override {
    const LoadedPicture loaded = load(ctx, ctx[frame_]);
    ctx.set(image_, Image(loaded.pixels));
    ctx.set(mask_, Mask(loaded.mask));
  }
};

class LoadMask final : public FileNode {
  Param<std::string> channel_{*this, "channel",
      {.init = "alpha",
          .choices = {"alpha", "red", "green", "blue"},
          .tip = "alpha: 1 where the picture is transparent; the others: 1 where they are brightest"}};
  Output<Mask> mask_{*this, "mask", {.tip = "of the picture's size; all frames of an animation, as a batch"}};

  void run(RunContext& ctx) const override {
    const LoadedPicture loaded = load(ctx, kAllFrames);
    const std::string channel = ctx[channel_];
    if (channel == "alpha") return ctx.set(mask_, Mask(loaded.mask));
    const std::int64_t place = channel == "red" ? 0 : channel == "green" ? 1 : 2;
    ctx.set(mask_, Mask(loaded.pixels.select(3, place).contiguous()));
  }
};

}  // namespace

void add_load(Registry& registry) {
  registry.add<LoadImage>("image.load",
      {.title = "Load Image",
          .menu = "Image",
          .doc = "Reads a picture from a file; an animation or several pages come as a batch. Colours are those of the "
                 "file, even where it is transparent; transparency becomes a mask, which inpainting can use as it is.",
          .revision = 3,
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "LoadImage",
              .inputs = {{"image", "file"}},
              .outputs = {"image", "mask"}}}});
  registry.add<LoadMask>("image.load_mask",
      {.title = "Load Image as Mask",
          .menu = "Image",
          .doc = "Reads a mask from a picture file: its transparency, or one of its channels.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "LoadImageMask",
              .inputs = {{"image", "file"}, "channel"},
              .outputs = {"mask"}}}});
}

}  // namespace weft::image
