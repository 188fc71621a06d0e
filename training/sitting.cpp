#include "training/sitting.h"

#include <ATen/autocast_mode.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <exception>
#include <numbers>
#include <numeric>
#include <thread>

#include "nodes/sd/files/safetensors.h"

namespace weft::paper_cut {
namespace {

constexpr double kMinutesBetweenSaves = 3;
constexpr std::int64_t kStepsBetweenNotes = 50;
constexpr double kWarmUpSteps = 100;

double minutes_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 60;
}

}  // namespace

Sitting::Sitting(std::string name, const SittingOptions& options) : name_(std::move(name)), options_(options) {
  std::filesystem::create_directories(options_.folder);
  if (const auto path = options_.folder / (name_ + ".safetensors"); std::filesystem::exists(path)) {
    saved_ = read_tensors(path);
    minutes_before_ = saved_.at("minutes").item<double>();
    fmt::print("{}: taken up at {:.1f} of {} minutes\n", name_, minutes_before_, options_.minutes);
  }
  const auto diary = options_.folder / (name_ + ".csv");
  const bool is_new = saved_.empty() || !std::filesystem::exists(diary);
  diary_.open(diary, is_new ? std::ios::trunc : std::ios::app);
  if (is_new) diary_ << "step,minutes,learning_rate,loss\n";
}

double Sitting::minutes() const { return minutes_before_ + minutes_since(began_); }
double Sitting::progress() const { return minutes() / options_.minutes; }

double Sitting::learning_rate(std::int64_t step) const {
  const double warm_up = std::min(1.0, static_cast<double>(step + 1) / kWarmUpSteps);
  const double fade = 0.02 + 0.98 * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, progress())));
  return options_.learning_rate * warm_up * fade;
}

void Sitting::note(std::int64_t step, double loss) {
  loss_sum_ += loss;
  ++loss_count_;
  if (step % kStepsBetweenNotes != 0) return;
  const double mean = loss_sum_ / static_cast<double>(loss_count_);
  const std::string line = fmt::format("{},{:.2f},{:.6f},{:.5f}", step, minutes(), learning_rate(step), mean);
  diary_ << line << std::endl;
  fmt::print("{} {}  {:.2f} s a step\n", name_, line,
      minutes_since(began_) * 60 / static_cast<double>(std::max<std::int64_t>(1, steps_here_ += loss_count_)));
  std::fflush(stdout);
  loss_sum_ = 0;
  loss_count_ = 0;
}

bool Sitting::save_is_due() const { return done() || minutes_since(last_save_) >= kMinutesBetweenSaves; }

void Sitting::save(const sd::TensorMap& state) {
  sd::TensorMap all = state;
  all["minutes"] = torch::tensor({minutes()}, at::kDouble);
  sd::write_safetensors(options_.folder / (name_ + ".safetensors"), all);
  last_save_ = std::chrono::steady_clock::now();
}

sd::TensorMap read_tensors(const std::filesystem::path& path) {
  const auto file = sd::SafetensorsFile::open(path);
  sd::TensorMap tensors;
  for (const auto& [name, entry] : file.entries()) tensors[name] = file.tensor(name).clone();
  return tensors;
}

double in_shares(std::int64_t shares, const std::function<at::Tensor(std::int64_t)>& loss) {
  std::vector<double> losses(std::size_t(shares), 0.0);
  std::vector<std::exception_ptr> errors{std::size_t(shares)};
  std::vector<std::thread> threads;
  for (std::int64_t share = 0; share < shares; ++share) {
    threads.emplace_back([&, share] {
      try {
        const at::Tensor mine = loss(share) / double(shares);
        mine.backward();  // libtorch locks each parameter while it adds to its gradient
        losses[std::size_t(share)] = mine.item<double>();
      } catch (...) {
        errors[std::size_t(share)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

Bfloat16::Bfloat16(bool enabled) : before_(at::autocast::is_autocast_enabled(at::kCPU)) {
  at::autocast::set_autocast_enabled(at::kCPU, enabled);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::increment_nesting();
}

Bfloat16::~Bfloat16() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, before_);
}

}  // namespace weft::paper_cut
