// weft model: what a model file is, and the same model in another layout or type.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/cancel_point.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_words.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "host/model_tools.h"

namespace weft::cli {

namespace {

struct InfoOptions {
  std::filesystem::path model;
  bool json = false, hash = false;
};

Exit info(const InfoOptions& options) {
  const nlohmann::json report = host::model_tools().describe(options.model, options.hash);
  if (options.json)
    print_json(report);
  else
    print(model_text(report));
  if (!report.contains("problem")) return Exit::Done;
  if (!options.json) say(report["problem"].get<std::string>());
  return Exit::Failed;
}

void add_info(CLI::App& model, Action& action) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* command = model.add_subcommand("info", "Tells what a model file, or a diffusers folder, is");
  command->add_option("FILE", options->model, "Checkpoint, U-Net, VAE, ControlNet, LoRA, embedding or upscaler")
      ->required();
  command->add_flag("--hash", options->hash, "Also the SHA-256, which takes 3 s for each GB if nobody knows it yet");
  command->add_flag("--json", options->json, "As JSON, with all metadata");
  command->callback([options, &action] { action = [options] { return info(*options); }; });
}

/// Lands a Ctrl-C, and shows how far it is where somebody looks.
class Watch final : public CancelCheck {
 public:
  void check_cancel() override {
    if (interrupt_.token().stop_requested()) throw Cancelled();
  }

  void show(std::uint64_t done, std::uint64_t total) {
    check_cancel();
    if (!is_terminal_ || total == 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (done < total && now - shown_ < std::chrono::milliseconds(200)) return;
    shown_ = now;
    const std::string line = fmt::format("{} of {} ({} %)", size_text(done), size_text(total), done * 100 / total);
    draw(fmt::format("\r{}\x1b[K", done == total ? "" : cut_to_width(line, terminal_width() - 1)));
  }

 private:
  Interrupt interrupt_;
  bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::chrono::steady_clock::time_point shown_{};
};

Exit convert(ModelConversion conversion) {
  Watch watch;
  const CancelScope scope(&watch);
  conversion.progress = [&](std::uint64_t done, std::uint64_t total) { watch.show(done, total); };
  try {
    host::model_tools().convert(conversion);
  } catch (const Cancelled&) {
    say("cancelled");
    return Exit::Cancelled;
  }
  print(std::filesystem::absolute(conversion.out).string() + '\n');
  return Exit::Done;
}

void add_convert(CLI::App& model, Action& action) {
  auto conversion = std::make_shared<ModelConversion>();
  CLI::App* command =
      model.add_subcommand("convert", "Writes a model in another layout, or with another type of weights");
  command->footer(
      "OUT is one file in the layout that every program reads where its name ends with .safetensors, else a diffusers\n"
      "folder. It is written whole or not at all. fp8 in a file is for ComfyUI and Weft, fp8_e4m3fn_scaled with a scale for\n"
      "each layer, which keeps more of it.");
  command
      ->add_option("IN", conversion->in, "Checkpoint, U-Net or VAE: a file (.safetensors, .gguf) or a diffusers folder")
      ->required();
  command->add_option("OUT", conversion->out, "File or folder to write")->required();
  command->add_option("--dtype", conversion->dtype, "Type of the weights")
      ->check(CLI::IsMember({"keep", "fp32", "fp16", "bf16", "fp8_e4m3fn", "fp8_e4m3fn_scaled"}))
      ->capture_default_str();
  command->add_flag("--force", conversion->replace, "Replaces what is there");
  command->callback([conversion, &action] { action = [conversion] { return convert(*conversion); }; });
}

}  // namespace

void add_model_command(CLI::App& app, Action& action) {
  CLI::App* model = app.add_subcommand("model", "Tells what a model file is, and converts models");
  model->require_subcommand(1);
  add_info(*model, action);
  add_convert(*model, action);
}

}  // namespace weft::cli
