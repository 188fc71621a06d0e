// model.merge and its kin, clip.merge ..., vae.merge: two models become one.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <list>
#include <string_view>

#include "nodes/sd/adapters/merge.h"
#include "nodes/sd/families/written_names.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

using sd::MergeShares;

/// Throws NodeError where nothing of the one fits the other.
void require_same_family(const sd::Checkpoint& first, const sd::Checkpoint& second) {
  if (&first.family() == &second.family()) return;
  throw NodeError(fmt::format("'{}' is a {} model and '{}' a {} model", first.path().filename().string(),
                      first.family().name, second.path().filename().string(), second.family().name),
      "merge models of one family");
}

/// `first` with what the shares make of both; all tensors alike.
template <class V>
V merged(
    const V& first, const V& second, const std::vector<sd::Part>& parts, const std::string& key, sd::SharesOf shares) {
  require_same_family(*first.shared_checkpoint(), *second.shared_checkpoint());
  return first.with(sd::merge_patch(key, {second.shared_checkpoint(), second.patches(), parts}, std::move(shares)));
}

template <class V>
V merged(const V& first, const V& second, const std::vector<sd::Part>& parts, MergeShares shares) {
  return merged(first, second, parts, fmt::format("{} {}", shares.first, shares.second),
      [shares](const std::string&) { return shares; });
}

constexpr const char* kRatioTip = "1: the first alone; 0: the second alone";

// What a merge of a kind of value declares: the two, and how much of each.

template <class V>
struct Words;
template <>
struct Words<Model> {
  static constexpr const char *name = "model", *what = "U-Net";
  static std::vector<sd::Part> parts() { return {sd::Part::UNet}; }
};
template <>
struct Words<Clip> {
  static constexpr const char *name = "clip", *what = "text encoder";
  static std::vector<sd::Part> parts() { return {sd::Part::TextEncoder, sd::Part::TextEncoder2}; }
};
template <>
struct Words<Vae> {
  static constexpr const char *name = "vae", *what = "autoencoder";
  static std::vector<sd::Part> parts() { return {sd::Part::VAE}; }
};

template <class V>
class MergeNode : public Node {
 protected:
  using W = Words<V>;
  Input<V> first_{*this, std::string(W::name) + "1", {.tip = fmt::format("a {}", W::what)}};
  Input<V> second_{*this, std::string(W::name) + "2", {.tip = fmt::format("another {} of the same family", W::what)}};
  Output<V> merged_{*this, W::name, {.tip = fmt::format("the two as one {}", W::what)}};

  void merge(RunContext& ctx, MergeShares shares) const {
    ctx.set(merged_, merged(ctx[first_], ctx[second_], W::parts(), shares));
  }
};

template <class V>
class Merge final : public MergeNode<V> {
  Param<double> ratio_{*this, "ratio", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = kRatioTip}};

  void run(RunContext& ctx) const override {
    const double ratio = ctx[ratio_];
    this->merge(ctx, {ratio, 1 - ratio});
  }
};

template <class V>
class MergeAdd final : public MergeNode<V> {
  void run(RunContext& ctx) const override { this->merge(ctx, {1, 1}); }
};

template <class V>
class MergeSubtract final : public MergeNode<V> {
  Param<double> multiplier_{*this, "multiplier",
      {.init = 1, .min = -10, .max = 10, .step = 0.01, .tip = "the difference is multiplied by it"}};

  void run(RunContext& ctx) const override {
    const double multiplier = ctx[multiplier_];
    this->merge(ctx, {multiplier, -multiplier});
  }
};

// ---- by blocks ----

/// How names in CompVis' layout begin, and the param that says how much of the first model such tensors have.
struct Block {
  std::string beginning, port;
};

class MergeBlocksNode : public MergeNode<Model> {
 protected:
  explicit MergeBlocksNode(const std::vector<Block>& blocks) {
    for (const Block& block : blocks) {
      beginnings_.push_back(block.beginning);
      ratios_.emplace_back(*this, block.port,
          ParamOptions<double>{.init = 1,
              .min = 0,
              .max = 1,
              .step = 0.01,
              .tip = fmt::format("share of the first model in {}: 0 to 1", block.beginning)});
    }
  }

 private:
  void run(RunContext& ctx) const override {
    std::vector<double> ratios;
    for (const Param<double>& ratio : ratios_) ratios.push_back(ctx[ratio]);
    const Model first = ctx[first_];
    const std::int64_t layers = first.checkpoint().unet_config().layers_per_block;
    const auto shares = [beginnings = beginnings_, ratios, layers](const std::string& name) -> MergeShares {
      const std::string theirs = sd::compvis_unet_name(name, layers);
      std::size_t longest = 0;
      double ratio = ratios.front();  // also of what none of the params names
      for (std::size_t i = 0; i < beginnings.size(); ++i) {
        if (!theirs.starts_with(beginnings[i]) || beginnings[i].size() <= longest) continue;
        longest = beginnings[i].size();
        ratio = ratios[i];
      }
      return {ratio, 1 - ratio};
    };
    ctx.set(merged_,
        merged(first, ctx[second_], W::parts(),
            fmt::format("blocks {} {}", fmt::join(beginnings_, " "), fmt::join(ratios, " ")), shares));
  }

  std::vector<std::string> beginnings_;
  std::list<Param<double>> ratios_;  // ports stay where they are
};

class MergeBlocks final : public MergeBlocksNode {
 public:
  MergeBlocks() : MergeBlocksNode({{"input", "input"}, {"middle", "middle"}, {"out", "out"}}) {}
};

/// Ports are called as the blocks, without dots: "input_blocks_0".
std::vector<Block> each_block(int inputs, int outputs) {
  std::vector<Block> blocks{{"time_embed.", "time_embed"}, {"label_emb.", "label_emb"}};
  const auto add = [&](const char* name, int count) {
    for (int i = 0; i < count; ++i) blocks.push_back({fmt::format("{}.{}.", name, i), fmt::format("{}_{}", name, i)});
  };
  add("input_blocks", inputs);
  add("middle_block", 3);
  add("output_blocks", outputs);
  blocks.push_back({"out.", "out"});
  return blocks;
}

class MergeStableDiffusion final : public MergeBlocksNode {
 public:
  MergeStableDiffusion() : MergeBlocksNode(each_block(12, 12)) {}
};

class MergeXL final : public MergeBlocksNode {
 public:
  MergeXL() : MergeBlocksNode(each_block(9, 9)) {}
};

/// ComfyUI's names of the params; those of Stable Diffusion XL's blocks end without a dot.
std::vector<ForeignInput> foreign_blocks(int inputs, int outputs, bool dotted) {
  std::vector<ForeignInput> theirs{"model1", "model2"};
  for (const Block& block : each_block(inputs, outputs)) {
    std::string name = block.beginning;
    const bool numbered = name.find("block") != std::string::npos;
    if (numbered && !dotted) name.pop_back();
    theirs.emplace_back(name, block.port);
  }
  return theirs;
}

ForeignClass foreign(const std::string& name, std::vector<ForeignInput> inputs, const std::string& output) {
  return {.program = "comfyui", .name = name, .inputs = std::move(inputs), .outputs = {output}};
}

/// Title and menu of the simple three, for each kind of value.
NodeOptions options(std::string title, std::string doc, std::vector<ForeignClass> foreign = {}) {
  return {.title = std::move(title), .menu = "Model/Merge", .doc = std::move(doc), .foreign = std::move(foreign)};
}

}  // namespace

void add_merge(Registry& registry) {
  constexpr const char* kMixed =
      "Mixes the weights of two {}s of one family: ratio of the first, (1 - ratio) of the second.";
  constexpr const char* kAdded =
      "Adds the weights of two {0}s of one family: of the second, usually a difference that Subtract {1} has made.";
  constexpr const char* kSubtracted = "The difference of two {0}s of one family, times the multiplier, for Add {1}.";

  registry.add<Merge<Model>>("model.merge",
      options("Merge Models", fmt::format(fmt::runtime(kMixed), "U-Net"),
          {foreign("ModelMergeSimple", {"model1", "model2", "ratio"}, "model")}));
  registry.add<MergeAdd<Model>>("model.merge_add",
      options("Add Models", fmt::format(fmt::runtime(kAdded), "U-Net", "Models"),
          {foreign("ModelMergeAdd", {"model1", "model2"}, "model")}));
  registry.add<MergeSubtract<Model>>("model.merge_subtract",
      options("Subtract Models", fmt::format(fmt::runtime(kSubtracted), "U-Net", "Models"),
          {foreign("ModelMergeSubtract", {"model1", "model2", "multiplier"}, "model")}));
  registry.add<MergeBlocks>("model.merge_blocks",
      options("Merge Models by Blocks",
          "Mixes two U-Nets of one family, with a ratio for each third: on the way down, in the middle, on the way up. "
          "The embeddings of time and labels go with the first.",
          {foreign("ModelMergeBlocks", {"model1", "model2", "input", "middle", "out"}, "model")}));
  registry.add<MergeStableDiffusion>("model.merge_sd1",
      options("Merge Stable Diffusion 1 and 2",
          "Mixes two U-Nets of Stable Diffusion 1.x or 2.x, with a ratio for each block.",
          {foreign("ModelMergeSD1", foreign_blocks(12, 12, true), "model"),
              foreign("ModelMergeSD2", foreign_blocks(12, 12, true), "model")}));
  registry.add<MergeXL>("model.merge_xl",
      options("Merge Stable Diffusion XL", "Mixes two U-Nets of Stable Diffusion XL, with a ratio for each block.",
          {foreign("ModelMergeSDXL", foreign_blocks(9, 9, false), "model")}));

  registry.add<Merge<Clip>>("clip.merge",
      options("Merge CLIPs", fmt::format(fmt::runtime(kMixed), "text encoder"),
          {foreign("CLIPMergeSimple", {"clip1", "clip2", "ratio"}, "clip")}));
  registry.add<MergeAdd<Clip>>("clip.merge_add",
      options("Add CLIPs", fmt::format(fmt::runtime(kAdded), "text encoder", "CLIPs"),
          {foreign("CLIPMergeAdd", {"clip1", "clip2"}, "clip")}));
  registry.add<MergeSubtract<Clip>>("clip.merge_subtract",
      options("Subtract CLIPs", fmt::format(fmt::runtime(kSubtracted), "text encoder", "CLIPs"),
          {foreign("CLIPMergeSubtract", {"clip1", "clip2", "multiplier"}, "clip")}));
  registry.add<Merge<Vae>>("vae.merge", options("Merge VAEs", fmt::format(fmt::runtime(kMixed), "autoencoder")));
}

}  // namespace weft::model
