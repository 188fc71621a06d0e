// weft-train: trains, judges and exports the embedded model. See models/README.md for the recipe.
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "models/vae_training.h"

using namespace weft::paper_cut;

int main(int argc, char** argv) try {
  CLI::App app{"Trains the embedded model paper-cut"};
  app.require_subcommand(1);
  SittingOptions sitting{.folder = "models/training"};
  int threads = 2;
  const auto add_sitting = [&](CLI::App* command) {
    command->add_option("--folder", sitting.folder, "Where the state of the training lies")->capture_default_str();
    command->add_option("--minutes", sitting.minutes, "Of the whole training, earlier sittings included")->capture_default_str();
    command->add_option("--threads", threads, "CPU threads")->capture_default_str();
    command->add_option("--seed", sitting.seed, "Of pictures, weights and noise")->capture_default_str();
    command->add_option("--rate", sitting.learning_rate, "The highest learning rate")->capture_default_str();
    return command;
  };
  VAETrainingOptions vae;
  CLI::App* vae_command = add_sitting(app.add_subcommand("vae", "Train the autoencoder"));
  vae_command->add_option("--crops", vae.crops, "64x64 crops a step")->capture_default_str();
  vae_command->add_option("--whole-from", vae.whole_from, "Whole pictures from this part of the minutes on")->capture_default_str();
  vae_command->add_flag("--decoder-only", vae.decoder_only, "Leave the encoder, and so the latents, as they are");
  CLI11_PARSE(app, argc, argv);

  at::set_num_threads(threads);
  if (vae_command->parsed()) train_vae(sitting, vae);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "weft-train: %s\n", error.what());
  return 1;
}
