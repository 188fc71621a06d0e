// One sitting of a training: how long, where its state lies, how often to save, and its diary (loss curve).
// A training is a series of sittings; each takes up where the last one stopped.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "nodes/sd/networks/weights.h"

namespace weft::paper_cut {

struct SittingOptions {
  std::filesystem::path folder;  ///< the state of all trainings
  double minutes = 30;           ///< of the whole training, earlier sittings included
  std::uint64_t seed = 1;
  double learning_rate = 1e-3;  ///< the highest, after the warm-up
};

/// Counts time over all sittings, schedules the learning rate, keeps the diary and the saved state.
class Sitting {
 public:
  /// `name`: "vae", "unet", ...; its files are NAME.safetensors and NAME.csv in the folder.
  Sitting(std::string name, const SittingOptions& options);

  /// What the last sitting saved; empty at the first.
  const sd::TensorMap& saved() const { return saved_; }

  /// 0 at the very start, 1 at the end of the last minute.
  double progress() const;
  bool done() const { return progress() >= 1; }

  /// Linear warm-up over 100 steps, then a cosine down to 2 % at the end of the minutes.
  double learning_rate(std::int64_t step) const;

  /// Notes one step; writes a line of the diary (step, minutes, learning rate, mean loss) every 50 steps.
  void note(std::int64_t step, double loss);

  /// True when it is time to save and to draw a preview: every few minutes, and at the end.
  bool save_is_due() const;
  void save(const sd::TensorMap& state);

  const std::filesystem::path& folder() const { return options_.folder; }

 private:
  double minutes() const;

  std::string name_;
  SittingOptions options_;
  sd::TensorMap saved_;
  double minutes_before_ = 0;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), last_save_ = began_;
  std::ofstream diary_;
  double loss_sum_ = 0;
  std::int64_t steps_here_ = 0;
  std::int64_t loss_count_ = 0;
};

/// All tensors of a safetensors file, copied out of it (so that it may be written again).
sd::TensorMap read_tensors(const std::filesystem::path& path);

/// Runs `loss(share)` and its backward pass for each share of a step in a thread of its own, and adds the
/// gradients up to those of the mean loss, which it returns. One thread a share and none within: oneDNN's own
/// threads wait for each other by spinning, which is slow where other programs take the cores in between.
double in_shares(std::int64_t shares, const std::function<at::Tensor(std::int64_t share)>& loss);

/// bfloat16 autocast on the CPU while it lives.
class Bfloat16 {
 public:
  explicit Bfloat16(bool enabled = true);
  ~Bfloat16();
  Bfloat16(const Bfloat16&) = delete;
  Bfloat16& operator=(const Bfloat16&) = delete;

 private:
  bool before_;
};

}  // namespace weft::paper_cut
