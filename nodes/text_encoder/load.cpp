// text.load: a text from a file.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "assets/input_files.h"
#include "base/utf8.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/text_encoder/nodes.h"

namespace weft::text_encoder {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargest = 1 << 20;  // a text that a person writes

class LoadText final : public Node {
  Param<std::string> file_{*this, "file",
      {.required = true,
          .widget = Widget::File,
          .tip = "a text file in UTF-8; looked for beside the workflow, then in the input folder"}};
  Output<std::string> text_{*this, "text", {.tip = "everything in the file"}};

  void run(RunContext& ctx) const override {
    const fs::path file = require_input_file(ctx.environment(), ctx[file_]);
    if (fs::file_size(file) > kLargest) throw NodeError(fmt::format("{} is no text: it is too large", file.string()));
    std::stringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    if (!is_utf8(text.str())) throw NodeError(fmt::format("{} is no text in UTF-8", file.string()), "save it as UTF-8");
    ctx.set(text_, text.str());
  }

  std::string fingerprint(const RunContext& ctx) const override {
    if (!ctx.input(file_.index)) return {};
    return sd::file_stamp(require_input_file(ctx.environment(), ctx[file_]));
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
