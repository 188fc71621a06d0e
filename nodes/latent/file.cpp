// latent.save, latent.load: latents in files, as ComfyUI keeps them.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "assets/input_files.h"
#include "nodes/latent/nodes.h"
#include "nodes/sd/files/safetensors.h"

namespace weft::latent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSamples = "latent_tensor";
/// An empty tensor of this name says that the samples are as an encoder gives them.
constexpr const char* kVersion = "latent_format_version_0";
/// What older files multiplied them with.
constexpr double kOldScale = 0.18215;

/// Creates the next free `folder/prefix_00001_.latent`, empty, so that nobody else takes it.
fs::path claim_next(const fs::path& folder, const std::string& prefix) {
  const fs::path wanted = (folder / prefix).lexically_normal();
  const fs::path relative = wanted.lexically_relative(folder.lexically_normal());
  if (prefix.empty() || relative.empty() || *relative.begin() == "..")
    throw NodeError(fmt::format("the file name prefix '{}' leads out of the output folder", prefix),
        "give a name, or subfolder/name");
  std::error_code error;
  fs::create_directories(wanted.parent_path(), error);
  constexpr int kMost = 99'999;
  for (int number = 1; number <= kMost; ++number) {
    fs::path name = wanted.parent_path() / fmt::format("{}_{:05}_.latent", wanted.filename().string(), number);
    if (fs::exists(name, error)) continue;
    if (std::FILE* const file = std::fopen(name.c_str(), "wx")) {
      std::fclose(file);
      return name;
    }
    if (!fs::exists(name, error))
      throw NodeError(fmt::format("cannot write {}", name.string()), "give an output folder that can be written");
  }
  throw NodeError(fmt::format("{} files of the prefix '{}' are there", kMost, prefix), "give another prefix");
}

class SaveLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch: it becomes one file"}};
  Param<std::string> prefix_{*this, "prefix",
      {.init = "latents/weft", .tip = "file name before the number; may contain a subfolder: landscapes/night"}};
  Output<Latent> result_{*this, "latent", {.tip = "the same latent"}};
  Output<std::string> path_{*this, "path", {.tip = "the file that was written"}};

  void run(RunContext& ctx) const override {
    const fs::path file = claim_next(ctx.environment().output_folder, ctx[prefix_]);
    sd::write_safetensors(file,
        {{kSamples, ctx[latent_].samples.to(torch::kCPU).contiguous()}, {kVersion, torch::empty({0}, torch::kFloat32)}},
        {{"weft", ctx.environment().workflow.dump(-1, ' ', /*ensure_ascii=*/true)}});
    ctx.set(path_, file.string());
    ctx.forward(latent_, result_);
  }
};

class LoadLatent final : public Node {
  Param<std::string> file_{*this, "file",
      {.required = true,
          .widget = Widget::File,
          .tip = "a .latent of Save Latent or of ComfyUI; looked for beside the workflow, then in the input folder"}};
  Output<Latent> latent_{*this, "latent", {.tip = "without a mask"}};

  void run(RunContext& ctx) const override {
    const sd::SafetensorsFile file = sd::SafetensorsFile::open(require_input_file(ctx.environment(), ctx[file_]));
    if (!file.has(kSamples) || file.tensor(kSamples).dim() != 4)
      throw NodeError(fmt::format("{} holds no latent of pictures", ctx[file_]), "give a .latent file");
    const torch::Tensor samples = file.tensor(kSamples).to(torch::kFloat32, /*non_blocking=*/false, /*copy=*/true);
    ctx.set(latent_, Latent{.samples = file.has(kVersion) ? samples : samples / kOldScale});
  }

  std::string fingerprint(const RunContext& ctx) const override {
    if (!ctx.input(file_.index)) return {};
    const fs::path file = require_input_file(ctx.environment(), ctx[file_]);
    return fmt::format(
        "{} {} {}", file.string(), fs::file_size(file), fs::last_write_time(file).time_since_epoch().count());
  }
};

}  // namespace

void add_file(Registry& registry) {
  registry.add<SaveLatent>("latent.save",
      {.title = "Save Latent",
          .menu = "Latent",
          .doc = "Writes a latent to the next free .latent file in the output folder, to go on from it later.",
          .lane = Lane::Io,
          .cache = Cache::Never,
          .result = true,
          .foreign = {{.program = "comfyui",
              .name = "SaveLatent",
              .inputs = {{"samples", "latent"}, {"filename_prefix", "prefix"}},
              .outputs = {"latent"}}}});
  registry.add<LoadLatent>("latent.load",
      {.title = "Load Latent",
          .menu = "Latent",
          .doc = "Reads a latent from a file.",
          .lane = Lane::Io,
          .foreign = {
              {.program = "comfyui", .name = "LoadLatent", .inputs = {{"latent", "file"}}, .outputs = {"latent"}}}});
}

}  // namespace weft::latent
