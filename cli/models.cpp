// weft models: the model files that workflows can name, by kind, over all model folders.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "assets/model_files.h"
#include "cli/command.h"
#include "cli/model_words.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/workflow_source.h"
#include "host/model_tools.h"

namespace weft::cli {

namespace {

struct ModelsOptions {
  std::vector<std::string> models;
  bool json = false;
  bool details = false;
};

using Roots = std::vector<std::filesystem::path>;

void print_kind(const std::vector<Asset>& assets, bool details) {
  std::size_t width = 0;
  for (const Asset& asset : assets) width = std::max(width, asset.name.size());
  print(assets[0].folder + '\n');
  const Asset* in_use = nullptr;
  for (const Asset& asset : assets) {
    if (!asset.shadowed) in_use = &asset;
    std::string note = asset.is_folder ? "  (diffusers folder)" : "";
    if (asset.shadowed) note += fmt::format("  (hidden by the one in {})", in_use->root.string());
    print(fmt::format("  {:<{}}  {:>9}  {}{}\n", one_line(asset.name), width, size_text(asset.bytes),
        one_line(asset.root.string()), one_line(note)));
    if (details)
      print(fmt::format("    {}\n", model_summary(host::model_tools().describe(asset.path, /*hash=*/false))));
  }
}

void print_text(const Roots& roots, bool details) {
  std::vector<std::string> names;
  for (const auto& root : roots) names.push_back(root.string());
  print(fmt::format(
      "model folders, first wins: {}\n", names.empty() ? "none" : one_line(fmt::format("{}", fmt::join(names, ", ")))));
  for (const std::string_view folder : asset_folders())
    if (const std::vector<Asset> assets = list_assets(roots, folder); !assets.empty()) print_kind(assets, details);
}

void print_json(const Roots& roots, bool details) {
  nlohmann::json report = {{"roots", nlohmann::json::array()}, {"models", nlohmann::json::array()}};
  for (const auto& root : roots) report["roots"].push_back(root.string());
  for (const std::string_view folder : asset_folders())
    for (const Asset& asset : list_assets(roots, folder)) {
      nlohmann::json model = {{"folder", asset.folder}, {"name", asset.name}, {"path", asset.path.string()},
          {"bytes", asset.bytes}, {"is_folder", asset.is_folder}, {"shadowed", asset.shadowed}};
      if (details) model["details"] = host::model_tools().describe(asset.path, /*hash=*/false);
      report["models"].push_back(std::move(model));
    }
  cli::print_json(report);
}

Exit models(const ModelsOptions& options) {
  const Roots roots = model_roots(model_folders(options.models), std::filesystem::current_path());
  if (options.json)
    print_json(roots, options.details);
  else
    print_text(roots, options.details);
  return Exit::Done;
}

}  // namespace

void add_models_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ModelsOptions>();
  CLI::App* command = app.add_subcommand("models", "Lists the model files that workflows can name");
  command->footer(
      "Looks in the folders of --models, of WEFT_MODELS (colon-separated), in ./models and ../models, and "
      "among the\n"
      "models that come with the program. A ComfyUI installation may be named as it is.");
  command->add_option("--models", options->models, "Folder with checkpoints, vae, loras ...; the first one wins")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_flag(
      "--json", options->json, "As JSON: {\"roots\", \"models\": [{\"folder\", \"name\", \"path\", ...}]}");
  command->add_flag("--details", options->details,
      "Also what each is: kind, family, types, prediction, trigger words. Looks into every file");
  command->callback([options, &action] { action = [options] { return models(*options); }; });
}

}  // namespace weft::cli
