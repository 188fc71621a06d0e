// Nodes for tests of sweeps: one that makes a picture of one grey pixel, and stand-ins for image.table and image.save.
#pragma once

#include "graph/registry.h"
#include "tests/temporary_folder.h"

namespace weft::sweep_nodes {

/// A picture of one grey pixel.
struct Grey {
  static constexpr std::string_view kType = "image";
  std::int64_t value = 0;
};

inline Picture pixel(const Value& value) {
  const auto grey = static_cast<std::uint8_t>(value.as<Grey>().value);
  return {.width = 1, .height = 1, .rgb = {grey, grey, grey}};
}

class Draw final : public Node {
  Param<std::int64_t> grey_{*this, "grey", {.init = 4, .min = 0, .max = 100}};
  Param<std::string> how_{*this, "how", {.init = "plain", .choices = {"plain", "bold"}}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed}};
  Output<Grey> image_{*this, "image"};
  void run(RunContext& ctx) const override {
    if (ctx[grey_] == 13) throw NodeError("bad luck");
    ctx.set(image_, Grey{ctx[grey_]});
  }
};

class Table final : public Node {
  Inputs<Grey> images_{*this, "images"};
  Param<std::int64_t> columns_{*this, "columns", {.max = 4096}};
  Param<std::string> column_title_{*this, "column_title"}, column_captions_{*this, "column_captions"},
      row_title_{*this, "row_title"}, row_captions_{*this, "row_captions"}, missing_{*this, "missing"};
  Output<Grey> image_{*this, "image"};
  void run(RunContext& ctx) const override { ctx.set(image_, Grey{99}); }
};

class Save final : public Node {
  Input<Grey> image_{*this, "image"};
  Param<std::string> prefix_{*this, "prefix", {.init = "weft"}};
  Output<std::string> path_{*this, "path"};
  void run(RunContext& ctx) const override {
    const auto file = ctx.environment().output_folder / (ctx[prefix_] + ".png");
    write_text_file(file, ctx.environment().workflow.dump());
    ctx.set(path_, file.string());
  }
};

inline void add_to(Registry& registry) {
  registry.add<Draw>("test.draw", {});
  registry.add<Table>("image.table", {});
  registry.add<Save>("image.save", {.cache = Cache::Never, .result = true});
  registry.add_type({.id = "image",
      .title = "Image",
      .colour = "#ffffff",
      .doc = "",
      .preview = pixel,
      .describe = {},
      .example = {}});
}

inline Workflow workflow() {
  Workflow workflow;
  workflow.graph.add({.id = "draw", .type = "test.draw", .ui = {{"seed_modes", {{"seed", "random"}}}}});
  workflow.graph.add({.id = "save", .type = "image.save", .inputs = {{"image", Links{{"draw", "image"}}}}});
  return workflow;
}

}  // namespace weft::sweep_nodes
