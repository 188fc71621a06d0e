// image.save: writes pictures as PNG files that carry the workflow that made them.
#include <fmt/format.h>

#include "nodes/image/image_file.h"
#include "nodes/image/nodes.h"
#include "nodes/image/numbered_file.h"
#include "nodes/sd/tensors/finite.h"

namespace weft::image {
namespace {

/// What is needed to make the picture again: the workflow with what the caller set, and every fact that the nodes before
/// noted (seeds, hashes of models). ASCII, so that any PNG reader shows it.
std::string provenance(const RunContext& ctx) {
  nlohmann::json facts = nlohmann::json::array();
  for (const Note& note : ctx.ancestor_notes())
    facts.push_back({{"node", note.node}, {"key", note.key}, {"fact", note.fact}});
  const nlohmann::json all = {{"workflow", ctx.environment().workflow}, {"facts", facts}};
  return all.dump(-1, ' ', /*ensure_ascii=*/true);
}

class SaveImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a batch gives one file for each picture"}};
  Param<std::string> prefix_{*this, "prefix",
      {.init = "weft", .tip = "file name before the number; may contain a subfolder: landscapes/night"}};
  Output<std::string> path_{*this, "path", {.tip = "the files that were written, one per line"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor& pixels = ctx[image_].pixels();
    if (pixels.size(0) == 0)
      throw NodeError("there is no picture to save: the batch is empty", "look at the node that the batch comes from");
    sd::require_finite(pixels, "the picture holds", "look at the node that made it");
    const std::map<std::string, std::string> text{{"weft", provenance(ctx)}};
    std::string paths;
    for (std::int64_t i = 0; i < pixels.size(0); ++i) {
      ctx.progress(i, pixels.size(0));
      const auto file = write_next(ctx.environment().output_folder, ctx[prefix_], encode_png(pixels[i], text));
      if (!paths.empty()) paths += '\n';
      paths += file.string();
    }
    if (ctx.wants_preview())
      ctx.preview({.width = static_cast<int>(pixels.size(2)),
          .height = static_cast<int>(pixels.size(1)),
          .rgb = to_bytes(pixels[0])});
    ctx.set(path_, paths);
  }
};

}  // namespace

void add_save(Registry& registry) {
  registry.add<SaveImage>("image.save",
      {.title = "Save Image",
          .menu = "Image",
          .doc =
              "Writes each picture to the next free PNG file in the output folder. The file carries the workflow, the "
              "seeds and the models' hashes.",
          .lane = Lane::Io,
          .cache = Cache::Never,
          .result = true,
          .foreign = {{.program = "comfyui",
              .name = "SaveImage",
              .inputs = {{"images", "image"}, {"filename_prefix", "prefix"}},
              .passes_on = "images"}}});
}

}  // namespace weft::image
