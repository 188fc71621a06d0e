// Node types for tests that need declarations only: a picture pipeline in outline. Nothing here computes.
#pragma once

#include <memory>
#include <string>

#include "graph/registry.h"

namespace weft::sketch {

struct Model {
  static constexpr std::string_view kType = "model";
};
struct Clip {
  static constexpr std::string_view kType = "clip";
};
struct Words {
  static constexpr std::string_view kType = "words";
};
struct Image {
  static constexpr std::string_view kType = "image";
};

class Idle : public Node {
  void run(RunContext&) const override {}
};

class Load final : public Idle {
  Param<std::string> name_{*this, "name", {.required = true, .widget = Widget::Model, .folder = "checkpoints"}};
  Output<Model> model_{*this, "model"};
  Output<Clip> clip_{*this, "clip", {.old_names = {"text_encoder"}}};
};

class Encode final : public Idle {
  Input<Clip> clip_{*this, "clip", {.old_names = {"encoder"}}};
  Param<std::string> text_{*this, "text", {.widget = Widget::Text, .old_names = {"prompt"}}};
  Output<Words> words_{*this, "words"};
};

class Sample final : public Idle {
  Input<Model> model_{*this, "model"};
  Input<Words> words_{*this, "words"};
  Input<Image> start_{*this, "start", {.tip = "what to begin with", .optional = true}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed}};
  Param<int> steps_{*this, "steps", {.init = 20, .min = 1, .max = 10000}};
  Param<float> cfg_{*this, "cfg", {.init = 4, .min = 0, .max = 100, .step = 0.5}};
  Param<std::string> sampler_{*this, "sampler", {.init = "euler", .choices = {"euler", "heun", "ddim"}}};
  Param<bool> tiled_{*this, "tiled"};
  Output<Image> image_{*this, "image"};
};

class Grid final : public Idle {
  Inputs<Image> images_{*this, "images"};
  Output<Image> image_{*this, "image"};
  Output<int> count_{*this, "count"};
};

class Save final : public Idle {
  Input<Image> image_{*this, "image"};
  Param<std::string> name_{*this, "name", {.init = "weft"}};
};

inline Registry registry() {
  Registry registry;
  registry.set_current_plugin("sketch");
  registry.add<Load>("model.load", {.old_ids = {"loader.checkpoint"}});
  registry.add<Encode>("text.encode", {.title = "Encode Text"});
  registry.add<Sample>("sample.image", {.lane = Lane::Device});
  registry.add<Grid>("image.grid", {});
  registry.add<Save>("image.save", {.result = true});
  return registry;
}

/// A workflow of these nodes that can run.
inline constexpr const char* kWorkflow = R"({
  "weft": 1,
  "nodes": {
    "load": {
      "type": "model.load",
      "inputs": {"name": "small"}
    },
    "words": {
      "type": "text.encode",
      "inputs": {
        "clip": {"link": "load.clip"},
        "text": "a red boat"
      }
    },
    "sample": {
      "type": "sample.image",
      "inputs": {
        "model": {"link": "load.model"},
        "seed": 18446744073709551615,
        "words": {"link": "words.words"}
      },
      "ui": {"x": 320, "y": 0}
    },
    "save": {
      "type": "image.save",
      "inputs": {
        "image": {"link": "sample.image"}
      }
    }
  },
  "interface": {
    "inputs": {"prompt": "words.text", "seed": "sample.seed"},
    "outputs": {"picture": "save"}
  }
}
)";

}  // namespace weft::sketch
