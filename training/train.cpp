// weft-train: trains, judges and exports the embedded model. See README.md for the recipe.
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

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

/// To the screen, and to a file if one is named.
void write_report(const nlohmann::json& report, const std::filesystem::path& path) {
  std::cout << report.dump(1) << std::endl;
  if (!path.empty()) std::ofstream(path) << report.dump(1) << "\n";
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Trains the embedded model paper-cut"};
  app.require_subcommand(1);
  SittingOptions sitting{.folder = "training/state"};
  const auto add_sitting = [&](CLI::App* command) {
    command->add_option("--folder", sitting.folder, "Where the state of the training lies")->capture_default_str();
    command->add_option("--minutes", sitting.minutes, "Of the whole training, earlier sittings included")
        ->capture_default_str();
    command->add_option("--seed", sitting.seed, "Of pictures, weights and noise")->capture_default_str();
    command->add_option("--rate", sitting.learning_rate, "The highest learning rate")->capture_default_str();
    return command;
  };
  VAETrainingOptions vae;
  CLI::App* vae_command = add_sitting(app.add_subcommand("vae", "Train the autoencoder"));
  vae_command->add_option("--crops", vae.crops, "64x64 crops a step")->capture_default_str();
  vae_command->add_option("--threads", vae.workers, "Threads, each for a share of the step")->capture_default_str();
  vae_command->add_option("--whole-from", vae.whole_from, "Whole pictures from this part of the minutes on")
      ->capture_default_str();
  vae_command->add_flag("--decoder-only", vae.decoder_only, "Leave the encoder, and so the latents, as they are");
  int64_t latents_count = 20000, threads = 2;
  CLI::App* latents_command = app.add_subcommand("latents", "Encode pictures for the U-Net's training, once");
  latents_command->add_option("--folder", sitting.folder, "Where the state of the trainings lies")
      ->capture_default_str();
  latents_command->add_option("--count", latents_count, "Pictures")->capture_default_str();
  latents_command->add_option("--threads", threads, "Threads")->capture_default_str();
  UNetTrainingOptions unet;
  CLI::App* unet_command = add_sitting(app.add_subcommand("unet", "Train text encoder and U-Net on the latents"));
  unet_command->add_option("--batch", unet.batch, "Pictures a step")->capture_default_str();
  unet_command->add_option("--least-weight", unet.timesteps.least_weight, "Least weight of a noisy latent")
      ->capture_default_str();
  unet_command->add_option("--noisy-share", unet.timesteps.noisy_share, "Share of timesteps that are noisy")
      ->capture_default_str();
  unet_command->add_option("--noisy-from", unet.timesteps.noisy_from, "The first timestep that counts as noisy")
      ->capture_default_str();
  unet_command->add_option("--short-captions", unet.short_captions, "Share of short captions")->capture_default_str();
  unet_command->add_option("--text-first", unet.text_first, "Steps in which the text encoder learns alone")
      ->capture_default_str();
  unet_command
      ->add_option("--reading-weight", unet.reading_weight, "Weight of reading the scene from the encoded caption")
      ->capture_default_str();
  unet_command->add_option("--average", unet.average, "Of the moving average of the weights")->capture_default_str();
  unet_command->add_option("--threads", unet.workers, "Threads, each for a share of the batch")->capture_default_str();
  VariantTrainingOptions variant;
  const auto add_variant = [&](const char* name, const char* what) {
    CLI::App* command = add_sitting(app.add_subcommand(name, what));
    command->add_option("--batch", variant.batch, "Pictures a step")->capture_default_str();
    command->add_option("--threads", variant.workers, "Threads, each for a share of the batch")->capture_default_str();
    command->add_option("--average", variant.average, "Of the moving average of the weights")->capture_default_str();
    return command;
  };
  CLI::App* inpainting_command =
      add_variant("inpainting", "Train the U-Net that sees a masked picture, on masked latents");
  CLI::App* segmentation_command = add_variant("segmentation", "Train the U-Net that sees a segmentation map, on maps");
  CLI::App* labels_command = add_variant("labels", "Train the table of labels");
  CLI::App* maps_command = app.add_subcommand("maps", "Draw the latents' segmentation maps, once");
  CLI::App* masked_command =
      app.add_subcommand("masked", "Encode the latents' pictures with a part painted over, once");
  for (CLI::App* command : {maps_command, masked_command}) {
    command->add_option("--folder", sitting.folder, "Where the state of the trainings lies")->capture_default_str();
    command->add_option("--count", latents_count, "Pictures, as many as there are latents")->capture_default_str();
    command->add_option("--threads", threads, "Threads")->capture_default_str();
  }
  std::filesystem::path judge_path = "training/judge.safetensors", segmenter_path = "training/segmenter.safetensors",
                        model_path = "models/checkpoints/paper-cut", unets_path = "models/diffusion_models";
  CLI::App* judge_command = add_sitting(app.add_subcommand("judge", "Train the judge on renders"));
  judge_command->add_option("--judge", judge_path, "Where to write it")->capture_default_str();
  judge_command->add_option("--threads", threads, "Threads, each for a batch of its own")->capture_default_str();
  CLI::App* segmenter_command = add_sitting(app.add_subcommand("segmenter", "Train the segmenter on renders"));
  segmenter_command->add_option("--segmenter", segmenter_path, "Where to write it")->capture_default_str();
  segmenter_command->add_option("--threads", threads, "Threads, each for a share of the batch")->capture_default_str();
  CLI::App* export_command = app.add_subcommand("export", "Write the model as a diffusers folder");
  export_command->add_option("--folder", sitting.folder, "Where the state of the trainings lies")
      ->capture_default_str();
  export_command->add_option("--to", model_path, "The folder to write")->capture_default_str();
  export_command->add_option("--unets", unets_path, "Where the U-Nets of the variants are written")
      ->capture_default_str();
  DrawOptions draw;
  int64_t captions = 200;
  std::filesystem::path sheet_path = "docs/pictures/paper-cut-sheet.png", report_path;
  const auto add_drawing = [&](CLI::App* command) {
    command->add_option("--sampler", draw.sampler, "As the sampler node names it")->capture_default_str();
    command->add_option("--schedule", draw.schedule, "As the sampler node names it")->capture_default_str();
    command->add_option("--steps", draw.steps, "Sampling steps")->capture_default_str();
    command->add_option("--cfg", draw.cfg, "Guidance")->capture_default_str();
    command->add_option("--seed", draw.seed, "Of the noise")->capture_default_str();
    return command;
  };
  CLI::App* evaluate_command = add_drawing(app.add_subcommand("evaluate", "Draw held-out captions and judge them"));
  evaluate_command->add_option("--folder", sitting.folder, "Where the state of the trainings lies")
      ->capture_default_str();
  evaluate_command->add_option("--judge", judge_path, "The judge")->capture_default_str();
  evaluate_command->add_option("--captions", captions, "How many")->capture_default_str();
  evaluate_command->add_option("--report", report_path, "Also write the result to this JSON file");
  CLI::App* sheet_command = add_drawing(app.add_subcommand("sheet", "Draw a contact sheet of 24 held-out captions"));
  sheet_command->add_option("--folder", sitting.folder, "Where the state of the trainings lies")->capture_default_str();
  sheet_command->add_option("--to", sheet_path, "The PNG to write")->capture_default_str();
  std::vector<std::string> what = {"labels", "inpainting", "segmentation", "segmenter"};
  std::filesystem::path sheets_folder;
  CLI::App* variants_command =
      add_drawing(app.add_subcommand("evaluate-variants", "Draw with labels, masks and maps, and measure what comes"));
  variants_command->add_option("what", what, "Which of them: labels, inpainting, segmentation, segmenter");
  variants_command->add_option("--model", model_path, "The exported model")->capture_default_str();
  variants_command->add_option("--unets", unets_path, "The exported U-Nets")->capture_default_str();
  variants_command->add_option("--judge", judge_path, "The judge")->capture_default_str();
  variants_command->add_option("--segmenter", segmenter_path, "The segmenter")->capture_default_str();
  variants_command->add_option("--count", captions, "Masks and maps")->capture_default_str();
  variants_command->add_option("--report", report_path, "Also write the result to this JSON file");
  variants_command->add_option("--sheets", sheets_folder, "Also write sheets of the pictures to this folder");
  CLI::App* colours_command =
      app.add_subcommand("colours", "Fit the rough colours of latents, for training/paper_cut_model.cpp");
  colours_command->add_option("--model", model_path, "The exported model")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  TORCH_CHECK(group_norm_kernel_is_here());
  at::set_num_threads(1);  // see in_shares()
  if (vae_command->parsed()) train_vae(sitting, vae);
  if (latents_command->parsed()) cache_latents(sitting.folder, latents_count, sitting.seed, threads);
  if (unet_command->parsed()) train_unet(sitting, unet);
  if (maps_command->parsed()) cache_concat(sitting.folder, Concat::kMap, latents_count, sitting.seed, threads);
  if (masked_command->parsed())
    cache_concat(sitting.folder, Concat::kMaskedPicture, latents_count, sitting.seed, threads);
  if (inpainting_command->parsed()) train_concat_unet(sitting, Concat::kMaskedPicture, variant);
  if (segmentation_command->parsed()) train_concat_unet(sitting, Concat::kMap, variant);
  if (labels_command->parsed()) train_labels(sitting, variant);
  if (judge_command->parsed()) train_judge(sitting, judge_path, threads);
  if (segmenter_command->parsed()) train_segmenter(sitting, segmenter_path, threads);
  if (export_command->parsed()) export_model(sitting.folder, model_path, unets_path);
  if (evaluate_command->parsed()) {
    const Judge judge = Judge::open(judge_path);
    const nlohmann::json report = {
        {"pictures", measure_adherence(trained_model(sitting.folder), judge, captions, draw)},
        {"judge_on_renders", measure_judge(judge, 1000)}, {"autoencoder", measure_vae(sitting.folder, judge, 200)}};
    write_report(report, report_path);
  }
  if (variants_command->parsed()) {
    const Judge judge = Judge::open(judge_path);
    nlohmann::json report;
    const auto keep = [&](const std::string& name, const Measured& measured, int64_t columns) {
      report[name] = measured.report;
      if (!sheets_folder.empty()) write_sheet(sheets_folder / (name + ".png"), measured.pictures, columns);
    };
    for (const std::string& each : what) {
      if (each == "labels") keep(each, measure_labels(model_path, judge, 20, draw), 20);
      if (each == "inpainting")
        keep(each, measure_inpainting(model_path, unets_path / "paper-cut-inpainting", judge, captions, draw), 12);
      if (each == "segmentation")
        keep(each,
            measure_segmentation(model_path, unets_path / "paper-cut-segmentation", Segmenter::open(segmenter_path),
                judge, captions, draw),
            12);
      if (each == "segmenter") report[each] = measure_segmenter(model_path, Segmenter::open(segmenter_path), captions);
    }
    write_report(report, report_path);
  }
  if (colours_command->parsed()) std::cout << fitted_latent_colours(model_path);
  if (sheet_command->parsed()) {
    const auto words = captions_of(held_out_scenes(24));
    write_sheet(sheet_path, trained_model(sitting.folder).draw(words, draw), 6);
    for (const std::string& caption : words) std::cout << caption << "\n";
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "weft-train: %s\n", error.what());
  return 1;
}
