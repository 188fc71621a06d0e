// weft-train: trains, judges and exports the embedded model. See README.md for the recipe.
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "training/contact_sheet.h"
#include "training/evaluation.h"
#include "training/export.h"
#include "training/group_norm_kernel.h"
#include "training/judge.h"
#include "training/latent_cache.h"
#include "training/latent_colours.h"
#include "training/segmenter.h"
#include "training/unet_training.h"
#include "training/vae_training.h"
#include "training/variant_evaluation.h"
#include "training/variant_training.h"

using namespace weft::paper_cut;

namespace {

namespace fs = std::filesystem;

const char* const kState = "training/state";
const char* const kModel = "models/checkpoints/paper-cut";
const char* const kUNets = "models/diffusion_models";
const char* const kJudge = "training/judge.safetensors";
const char* const kSegmenter = "training/segmenter.safetensors";

/// A command with options of its own, which `run` is called with once they are read.
template <class Options>
struct Command {
  CLI::App* app;
  std::shared_ptr<Options> options;

  Command(CLI::App& parent, const char* name, const char* what, const std::function<void(const Options&)>& run)
      : app(parent.add_subcommand(name, what)), options(std::make_shared<Options>()) {
    app->callback([run, options = options] { run(*options); });
  }

  template <class T>
  void add(const char* name, T Options::* member, const char* what) const {
    app->add_option(name, (*options).*member, what)->capture_default_str();
  }
  template <class T>
  void add_to(const char* name, T& value, const char* what) const {
    app->add_option(name, value, what)->capture_default_str();
  }
};

/// What every training has.
template <class Options>
void add_sitting(const Command<Options>& command) {
  SittingOptions& sitting = command.options->sitting;
  command.add_to("--folder", sitting.folder, "Where the state of the training lies");
  command.add_to("--minutes", sitting.minutes, "Of the whole training, earlier sittings included");
  command.add_to("--seed", sitting.seed, "Of pictures, weights and noise");
  command.add_to("--rate", sitting.learning_rate, "The highest learning rate");
}

template <class Options>
void add_drawing(const Command<Options>& command) {
  DrawOptions& draw = command.options->draw;
  command.add_to("--sampler", draw.sampler, "As the sampler node names it");
  command.add_to("--schedule", draw.schedule, "As the sampler node names it");
  command.add_to("--steps", draw.steps, "Sampling steps");
  command.add_to("--cfg", draw.cfg, "Guidance");
  command.add_to("--seed", draw.seed, "Of the noise");
}

/// To the screen, and to a file if one is named.
void write_report(const nlohmann::json& report, const fs::path& path) {
  std::cout << report.dump(1) << std::endl;
  if (!path.empty()) std::ofstream(path) << report.dump(1) << "\n";
}

// ---- The model ----

void add_vae_command(CLI::App& parent) {
  struct Options {
    SittingOptions sitting{.folder = kState};
    VAETrainingOptions vae;
  };
  const Command<Options> command(
      parent, "vae", "Train the autoencoder", [](const Options& o) { train_vae(o.sitting, o.vae); });
  add_sitting(command);
  VAETrainingOptions& vae = command.options->vae;
  command.add_to("--crops", vae.crops, "64x64 crops a step");
  command.add_to("--threads", vae.workers, "Threads, each for a share of the step");
  command.add_to("--whole-from", vae.whole_from, "Whole pictures from this part of the minutes on");
  command.app->add_flag("--decoder-only", vae.decoder_only, "Leave the encoder, and so the latents, as they are");
}

/// What is computed once, of so many pictures, for a training.
void add_cache_command(CLI::App& parent, const char* name, const char* what,
    const std::function<void(const fs::path& folder, std::int64_t count, std::uint64_t seed, std::int64_t threads)>&
        run) {
  struct Options {
    fs::path folder = kState;
    std::int64_t count = 20000, threads = 2;
  };
  const Command<Options> command(
      parent, name, what, [run](const Options& o) { run(o.folder, o.count, SittingOptions().seed, o.threads); });
  command.add("--folder", &Options::folder, "Where the state of the trainings lies");
  command.add("--count", &Options::count, "Pictures, as many in each cache");
  command.add("--threads", &Options::threads, "Threads");
}

void add_cache_commands(CLI::App& parent) {
  add_cache_command(parent, "latents", "Encode pictures for the U-Net's training, once", cache_latents);
  add_cache_command(parent, "maps", "Draw the latents' segmentation maps, once",
      [](const fs::path& folder, std::int64_t count, std::uint64_t seed, std::int64_t threads) {
        cache_concat(folder, Concat::Map, count, seed, threads);
      });
  add_cache_command(parent, "masked", "Encode the latents' pictures with a part painted over, once",
      [](const fs::path& folder, std::int64_t count, std::uint64_t seed, std::int64_t threads) {
        cache_concat(folder, Concat::MaskedPicture, count, seed, threads);
      });
}

void add_unet_command(CLI::App& parent) {
  struct Options {
    SittingOptions sitting{.folder = kState};
    UNetTrainingOptions unet;
  };
  const Command<Options> command(parent, "unet", "Train text encoder and U-Net on the latents",
      [](const Options& o) { train_unet(o.sitting, o.unet); });
  add_sitting(command);
  UNetTrainingOptions& unet = command.options->unet;
  command.add_to("--batch", unet.batch, "Pictures a step");
  command.add_to("--least-weight", unet.timesteps.least_weight, "Least weight of a noisy latent");
  command.add_to("--noisy-share", unet.timesteps.noisy_share, "Share of timesteps that are noisy");
  command.add_to("--noisy-from", unet.timesteps.noisy_from, "The first timestep that counts as noisy");
  command.add_to("--short-captions", unet.short_captions, "Share of short captions");
  command.add_to("--text-first", unet.text_first, "Steps in which the text encoder learns alone");
  command.add_to("--reading-weight", unet.reading_weight, "Weight of reading the scene from the encoded caption");
  command.add_to("--average", unet.average, "Of the moving average of the weights");
  command.add_to("--threads", unet.workers, "Threads, each for a share of the batch");
}

// ---- Its variants ----

void add_variant_command(CLI::App& parent, const char* name, const char* what,
    const std::function<void(const SittingOptions&, const VariantTrainingOptions&)>& train) {
  struct Options {
    SittingOptions sitting{.folder = kState};
    VariantTrainingOptions variant;
  };
  const Command<Options> command(parent, name, what, [train](const Options& o) { train(o.sitting, o.variant); });
  add_sitting(command);
  VariantTrainingOptions& variant = command.options->variant;
  command.add_to("--batch", variant.batch, "Pictures a step");
  command.add_to("--threads", variant.workers, "Threads, each for a share of the batch");
  command.add_to("--average", variant.average, "Of the moving average of the weights");
}

void add_variant_commands(CLI::App& parent) {
  add_variant_command(parent, "inpainting", "Train the U-Net that sees a masked picture, on masked latents",
      [](const auto& sitting, const auto& variant) { train_concat_unet(sitting, Concat::MaskedPicture, variant); });
  add_variant_command(parent, "segmentation", "Train the U-Net that sees a segmentation map, on maps",
      [](const auto& sitting, const auto& variant) { train_concat_unet(sitting, Concat::Map, variant); });
  add_variant_command(parent, "labels", "Train the table of labels", train_labels);
}

// ---- Those who judge ----

void add_judging_command(CLI::App& parent, const char* name, const char* what, const char* option, const char* file,
    const std::function<void(const SittingOptions&, const fs::path&, std::int64_t threads)>& train) {
  struct Options {
    SittingOptions sitting{.folder = kState};
    fs::path file;
    std::int64_t threads = 2;
  };
  const Command<Options> command(
      parent, name, what, [train](const Options& o) { train(o.sitting, o.file, o.threads); });
  command.options->file = file;
  add_sitting(command);
  command.add(option, &Options::file, "Where to write it");
  command.add("--threads", &Options::threads, "Threads, each for a share of the batch");
}

// ---- What comes out ----

void add_export_command(CLI::App& parent) {
  struct Options {
    fs::path folder = kState, model = kModel, unets = kUNets;
  };
  const Command<Options> command(parent, "export", "Write the model as a diffusers folder",
      [](const Options& o) { export_model(o.folder, o.model, o.unets); });
  command.add("--folder", &Options::folder, "Where the state of the trainings lies");
  command.add("--to", &Options::model, "The folder to write");
  command.add("--unets", &Options::unets, "Where the U-Nets of the variants are written");
}

struct EvaluateOptions {
  DrawOptions draw;
  fs::path folder = kState, judge = kJudge, report;
  std::int64_t captions = 200;
};

void evaluate(const EvaluateOptions& o) {
  const Judge judge = Judge::open(o.judge);
  const nlohmann::json report = {{"pictures", measure_adherence(trained_model(o.folder), judge, o.captions, o.draw)},
      {"judge_on_renders", measure_judge(judge, 1000)}, {"autoencoder", measure_vae(o.folder, judge, 200)}};
  write_report(report, o.report);
}

void add_evaluate_command(CLI::App& parent) {
  const Command<EvaluateOptions> command(parent, "evaluate", "Draw held-out captions and judge them", evaluate);
  add_drawing(command);
  command.add("--folder", &EvaluateOptions::folder, "Where the state of the trainings lies");
  command.add("--judge", &EvaluateOptions::judge, "The judge");
  command.add("--captions", &EvaluateOptions::captions, "How many");
  command.add("--report", &EvaluateOptions::report, "Also write the result to this JSON file");
}

struct SheetOptions {
  DrawOptions draw;
  fs::path folder = kState, to = "docs/pictures/paper-cut-sheet.png";
};

void draw_sheet(const SheetOptions& o) {
  const auto words = captions_of(held_out_scenes(24));
  write_sheet(o.to, trained_model(o.folder).draw(words, o.draw), 6);
  for (const std::string& caption : words) std::cout << caption << "\n";
}

void add_sheet_command(CLI::App& parent) {
  const Command<SheetOptions> command(parent, "sheet", "Draw a contact sheet of 24 held-out captions", draw_sheet);
  add_drawing(command);
  command.add("--folder", &SheetOptions::folder, "Where the state of the trainings lies");
  command.add("--to", &SheetOptions::to, "The PNG to write");
}

struct VariantsOptions {
  DrawOptions draw;
  std::vector<std::string> what = {"labels", "inpainting", "segmentation", "segmenter"};
  fs::path model = kModel, unets = kUNets, judge = kJudge, segmenter = kSegmenter, report, sheets;
  std::int64_t count = 200;
};

void evaluate_variants(const VariantsOptions& o) {
  const Judge judge = Judge::open(o.judge);
  nlohmann::json report;
  const auto keep = [&](const std::string& name, const Measured& measured, std::int64_t columns) {
    report[name] = measured.report;
    if (!o.sheets.empty()) write_sheet(o.sheets / (name + ".png"), measured.pictures, columns);
  };
  for (const std::string& each : o.what) {
    if (each == "labels") keep(each, measure_labels(o.model, judge, 20, o.draw), 20);
    if (each == "inpainting")
      keep(each, measure_inpainting(o.model, o.unets / "paper-cut-inpainting", judge, o.count, o.draw), 12);
    if (each == "segmentation") {
      const fs::path unet = o.unets / "paper-cut-segmentation";
      keep(each, measure_segmentation(o.model, unet, Segmenter::open(o.segmenter), judge, o.count, o.draw), 12);
    }
    if (each == "segmenter") report[each] = measure_segmenter(o.model, Segmenter::open(o.segmenter), o.count);
  }
  write_report(report, o.report);
}

void add_variants_command(CLI::App& parent) {
  const Command<VariantsOptions> command(
      parent, "evaluate-variants", "Draw with labels, masks and maps, and measure what comes", evaluate_variants);
  add_drawing(command);
  command.add("what", &VariantsOptions::what, "Which of them: labels, inpainting, segmentation, segmenter");
  command.add("--model", &VariantsOptions::model, "The exported model");
  command.add("--unets", &VariantsOptions::unets, "The exported U-Nets");
  command.add("--judge", &VariantsOptions::judge, "The judge");
  command.add("--segmenter", &VariantsOptions::segmenter, "The segmenter");
  command.add("--count", &VariantsOptions::count, "Masks and maps");
  command.add("--report", &VariantsOptions::report, "Also write the result to this JSON file");
  command.add("--sheets", &VariantsOptions::sheets, "Also write sheets of the pictures to this folder");
}

void add_colours_command(CLI::App& parent) {
  struct Options {
    fs::path model = kModel;
  };
  const Command<Options> command(parent, "colours",
      "Fit the rough colours of latents, for training/paper_cut_model.cpp",
      [](const Options& o) { std::cout << fitted_latent_colours(o.model); });
  command.add("--model", &Options::model, "The exported model");
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Trains the embedded model paper-cut"};
  app.require_subcommand(1);
  add_vae_command(app);
  add_cache_commands(app);
  add_unet_command(app);
  add_variant_commands(app);
  add_judging_command(app, "judge", "Train the judge on renders", "--judge", kJudge, train_judge);
  add_judging_command(app, "segmenter", "Train the segmenter on renders", "--segmenter", kSegmenter, train_segmenter);
  add_export_command(app);
  add_evaluate_command(app);
  add_sheet_command(app);
  add_variants_command(app);
  add_colours_command(app);

  TORCH_CHECK(group_norm_kernel_is_here());
  at::set_num_threads(1);  // see in_shares()
  CLI11_PARSE(app, argc, argv);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "weft-train: %s\n", error.what());
  return 1;
}
