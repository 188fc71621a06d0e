// text.load: a text from a file.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/utf8.h"
#include "graph/asset_files.h"
#include "nodes/sd/file_hash.h"
#include "nodes/text_encoder/nodes.h"

namespace weft::text_encoder {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargest = 1 << 20;  // a text that a person writes

fs::path find_file(const std::string& name, const RunEnvironment& environment) {
  if (const auto found = find_input_file(environment, name)) return *found;
  throw NodeError(fmt::format("there is no file '{}' beside the workflow or in the input folder", name),
      "check the name, or give an absolute path");
}

class LoadText final : public Node {
  Param<std::string> file_{*this, "file",
      {.required = true,
          .widget = Widget::File,
          .tip = "a text file in UTF-8; looked up beside the workflow, then in the input folder"}};
  Output<std::string> text_{*this, "text", {.tip = "all that the file holds"}};

  void run(RunContext& ctx) const override {
    const fs::path file = find_file(ctx[file_], ctx.environment());
    if (fs::file_size(file) > kLargest) throw NodeError(fmt::format("{} is no text: it is too large", file.string()));
    std::stringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    if (!is_utf8(text.str())) throw NodeError(fmt::format("{} is no text in UTF-8", file.string()), "save it as UTF-8");
    ctx.set(text_, text.str());
  }

  std::string fingerprint(const RunContext& ctx) const override {
    if (!ctx.input(file_.index)) return {};
    return sd::file_stamp(find_file(ctx[file_], ctx.environment()));
  }
};

}  // namespace

void add_load(Registry& registry) {
  registry.add<LoadText>("text.load",
      {.title = "Load Text",
          .menu = "Loaders",
          .doc = "Reads a text from a file, such as the legend of a segmentation map.",
          .lane = Lane::Io});
}

}  // namespace weft::text_encoder
