// checkpoint.save, unet.save, clip.save, vae.save: models as files, with everything applied that was done to them.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "nodes/checkpoint/nodes.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/model_writer.h"

namespace weft::checkpoint {
namespace {

namespace fs = std::filesystem;
using sd::Part;

/// The next free `folder/prefix_00001_.safetensors`. A prefix may name a subfolder, but nothing outside `folder`.
fs::path next_file(const fs::path& folder, const std::string& prefix) {
  const fs::path wanted = (folder / prefix).lexically_normal();
  const fs::path relative = wanted.lexically_relative(folder.lexically_normal());
  if (prefix.empty() || relative.empty() || *relative.begin() == ".." || !wanted.has_filename())
    throw NodeError(fmt::format("the file name prefix '{}' leads out of the output folder", prefix),
        "give a name, or subfolder/name");
  const fs::path parent = wanted.parent_path();
  const std::string beginning = wanted.filename().string() + "_";
  std::error_code error;
  fs::create_directories(parent, error);
  if (error)
    throw NodeError(fmt::format("the folder {} cannot be made: {}", parent.string(), error.message()),
        "choose a folder that can be written with --out");
  int last = 0;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    int number = 0;
    if (!name.starts_with(beginning)) continue;
    std::from_chars(name.data() + beginning.size(), name.data() + name.size(), number);
    last = std::max(last, number);
  }
  return parent / fmt::format("{}{:05}_.safetensors", beginning, last + 1);
}

/// Everything that is needed to make the file again: the workflow with what the caller set, and what the nodes before noted.
std::string provenance(const RunContext& ctx) {
  nlohmann::json facts = nlohmann::json::array();
  for (const Note& note : ctx.ancestor_notes())
    facts.push_back({{"node", note.node}, {"key", note.key}, {"fact", note.fact}});
  const nlohmann::json all = {{"workflow", ctx.environment().workflow}, {"facts", facts}};
  return all.dump(-1, ' ', /*ensure_ascii=*/true);
}

class SaveNode : public Node {
 protected:
  explicit SaveNode(const char* usual)
      : prefix_(*this, "prefix",
            {.init = usual, .tip = "file name before the number; may contain a subfolder: checkpoints/mix"}) {}

  /// Writes a file and gives its name.
  std::string write(RunContext& ctx, const std::string& prefix, std::vector<sd::TensorToWrite> tensors,
      std::map<std::string, std::string> metadata) const {
    const fs::path path = next_file(ctx.environment().output_folder, prefix);
    metadata["weft"] = provenance(ctx);
    if (metadata.contains("modelspec.architecture")) metadata["modelspec.title"] = path.stem().string();
    constexpr std::uint64_t kStep = std::uint64_t{1} << 20;
    sd::stream_safetensors(path, std::move(tensors), metadata, [&](std::uint64_t done, std::uint64_t total) {
      ctx.progress(static_cast<std::int64_t>(done / kStep), static_cast<std::int64_t>(total / kStep) + 1);
    });
    return path.string();
  }

  std::string prefix(const RunContext& ctx) const { return ctx[prefix_]; }

 private:
  Param<std::string> prefix_;
};

void append(std::vector<sd::TensorToWrite>& to, std::vector<sd::TensorToWrite> more) {
  std::ranges::move(more, std::back_inserter(to));
}

class SaveCheckpoint final : public SaveNode {
 public:
  SaveCheckpoint() : SaveNode("checkpoints/weft") {}

 private:
  Input<Model> model_{*this, "model", {.tip = "the U-Net"}};
  Input<Clip> clip_{*this, "clip", {.tip = "the text encoder, of a model of the same family"}};
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder"}};
  Output<std::string> path_{*this, "path", {.tip = "the file that was written"}};

  void run(RunContext& ctx) const override {
    const Model model = ctx[model_];
    const Clip clip = ctx[clip_];
    const Vae vae = ctx[vae_];
    if (&clip.checkpoint().family() != &model.checkpoint().family())
      throw NodeError(fmt::format("the U-Net is of a {} model and the text encoder of a {} model",
                          model.checkpoint().family().name, clip.checkpoint().family().name),
          "connect those of one family");
    auto metadata = metadata_of(model.checkpoint(), {Part::UNet});
    auto tensors =
        tensors_to_write({model.shared_checkpoint(), Part::UNet, model.patches()}, sd::WrittenLayout::SingleFile);
    append(tensors, marks_of(model.checkpoint()));
    for (const sd::TextSlot& slot : clip.checkpoint().family().texts) {
      if (!clip.checkpoint().has(slot.part))
        throw NodeError(
            fmt::format("'{}' {}", clip.checkpoint().path().filename().string(), clip.checkpoint().absence(slot.part)),
            "connect the text encoder of a model that has one");
      append(tensors,
          tensors_to_write({clip.shared_checkpoint(), slot.part, clip.patches()}, sd::WrittenLayout::SingleFile));
      metadata.merge(metadata_of(clip.checkpoint(), {slot.part}));
    }
    append(
        tensors, tensors_to_write({vae.shared_checkpoint(), Part::VAE, vae.patches()}, sd::WrittenLayout::SingleFile));
    for (auto& [key, value] : metadata_of(*vae.shared_checkpoint(), {Part::VAE})) metadata[key] = value;
    ctx.set(path_, write(ctx, prefix(ctx), std::move(tensors), std::move(metadata)));
  }
};

class SaveUnet final : public SaveNode {
 public:
  SaveUnet() : SaveNode("diffusion_models/weft") {}

 private:
  Input<Model> model_{*this, "model", {.tip = "the U-Net"}};
  Output<std::string> path_{*this, "path", {.tip = "the file that was written"}};

  void run(RunContext& ctx) const override {
    const Model model = ctx[model_];
    auto tensors =
        tensors_to_write({model.shared_checkpoint(), Part::UNet, model.patches()}, sd::WrittenLayout::SingleFile);
    append(tensors, marks_of(model.checkpoint()));
    ctx.set(path_, write(ctx, prefix(ctx), std::move(tensors), metadata_of(model.checkpoint(), {Part::UNet})));
  }
};

class SaveClip final : public SaveNode {
 public:
  SaveClip() : SaveNode("clip/weft") {}

 private:
  Input<Clip> clip_{*this, "clip", {.tip = "the text encoder; of two, each gets a file of its own"}};
  Output<std::string> paths_{*this, "path", {.tip = "the files that were written, one per line"}};

  void run(RunContext& ctx) const override {
    const Clip clip = ctx[clip_];
    std::string paths;
    for (const sd::TextSlot& slot : clip.checkpoint().family().texts) {
      if (!clip.checkpoint().has(slot.part)) continue;
      auto tensors = tensors_to_write({clip.shared_checkpoint(), slot.part, clip.patches()}, sd::WrittenLayout::Alone);
      auto metadata = metadata_of(clip.checkpoint(), {slot.part});
      metadata["format"] = "pt";
      if (!paths.empty()) paths += '\n';
      paths +=
          write(ctx, fmt::format("{}_{}", prefix(ctx), slot.embedding_key), std::move(tensors), std::move(metadata));
    }
    if (paths.empty())
      throw NodeError(fmt::format("'{}' has no text encoder to save", clip.checkpoint().path().filename().string()),
          "connect one of a model that has one");
    ctx.set(paths_, paths);
  }
};

class SaveVae final : public SaveNode {
 public:
  SaveVae() : SaveNode("vae/weft_vae") {}

 private:
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder"}};
  Output<std::string> path_{*this, "path", {.tip = "the file that was written"}};

  void run(RunContext& ctx) const override {
    const Vae vae = ctx[vae_];
    auto tensors = tensors_to_write({vae.shared_checkpoint(), Part::VAE, vae.patches()}, sd::WrittenLayout::Alone);
    ctx.set(path_, write(ctx, prefix(ctx), std::move(tensors), metadata_of(*vae.shared_checkpoint(), {Part::VAE})));
  }
};

NodeOptions options(std::string title, std::string doc, ForeignClass foreign) {
  return {.title = std::move(title),
      .menu = "Model/Save",
      .doc = std::move(doc),
      .lane = Lane::Io,
      .cache = Cache::Never,
      .result = true,
      .foreign = {std::move(foreign)}};
}

ForeignClass foreign(const char* name, std::vector<ForeignInput> inputs) {
  inputs.emplace_back("filename_prefix", "prefix");
  return {.program = "comfyui", .name = name, .inputs = std::move(inputs)};
}

}  // namespace

void add_save(Registry& registry) {
  registry.add<SaveCheckpoint>("checkpoint.save",
      options("Save Checkpoint",
          "Writes U-Net, text encoder and autoencoder as one .safetensors file in the output folder, in the layout that "
          "every program reads, with merges and LoRAs applied. The file carries the workflow.",
          foreign("CheckpointSave", {"model", "clip", "vae"})));
  registry.add<SaveUnet>("unet.save",
      options("Save U-Net",
          "Writes a U-Net alone, with merges and LoRAs applied, as one .safetensors file in the output folder.",
          foreign("ModelSave", {"model"})));
  registry.add<SaveClip>("clip.save",
      options("Save CLIP",
          "Writes text encoders alone, with merges and LoRAs applied, as a .safetensors file each, in transformers' names.",
          foreign("CLIPSave", {"clip"})));
  registry.add<SaveVae>("vae.save",
      options("Save VAE", "Writes an autoencoder alone, as one .safetensors file in the output folder.",
          foreign("VAESave", {"vae"})));
}

}  // namespace weft::checkpoint
