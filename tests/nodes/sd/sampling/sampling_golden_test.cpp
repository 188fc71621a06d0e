// Noise, schedules and samplers against numbers computed with ComfyUI 0.3.64 on a CPU and a toy model. Another
// safetensors file of the same form can be given in the environment variable WEFT_GOLDEN: its tensors' names, "GROUP:KEY"
// or "KEY", say everything.
//
// A value passes if it differs by at most 1e-5 * max(1, |expected|).
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/sampling/brownian_tree.h"
#include "nodes/sd/sampling/sample.h"
#include "tests/nodes/toy_model.h"

namespace weft::sd {
namespace {

// The conditioning that the file was made with: the means of the words on each side.
constexpr double kPositive = 0.3, kNegative = -0.2, kOther = 0.9;

using Tensors = std::map<std::string, at::Tensor>;

const SafetensorsFile& file() {
  static const SafetensorsFile opened = [] {
    const char* given = std::getenv("WEFT_GOLDEN");
    return SafetensorsFile::open(given ? given : WEFT_SOURCE_DIR "/tests/nodes/golden/ksampler.safetensors");
  }();
  return opened;
}

/// Its tensors by group and key; "" is the group of those that are in none.
const std::map<std::string, Tensors>& golden() {
  static const auto all = [] {
    std::map<std::string, Tensors> groups;
    for (const auto& [name, entry] : file().entries()) {
      const std::size_t colon = name.find(':');
      const bool grouped = colon != std::string::npos;
      groups[grouped ? name.substr(0, colon) : ""][grouped ? name.substr(colon + 1) : name] = file().tensor(name);
    }
    return groups;
  }();
  return all;
}

/// A part of the file; other files may lack it.
const Tensors& part(const std::string& group) {
  static const Tensors none;
  const auto found = golden().find(group);
  return found == golden().end() ? none : found->second;
}

/// Those in no group whose names begin so.
Tensors named(const std::string& beginning) {
  Tensors found;
  for (const auto& [key, tensor] : part(""))
    if (key.starts_with(beginning)) found.emplace(key, tensor);
  return found;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> fields;
  std::istringstream in(text);
  for (std::string field; std::getline(in, field, separator);) fields.push_back(field);
  return fields;
}

/// "cfg7" with prefix "cfg": 7.
double number_after(const std::string& field, const std::string& prefix) {
  if (!field.starts_with(prefix)) throw std::runtime_error(field + " does not start with " + prefix);
  return std::stod(field.substr(prefix.size()));
}

std::uint64_t seed_after(const std::string& field) { return std::stoull(field.substr(std::string("seed").size())); }

std::vector<std::int64_t> shape_of(const std::string& text) {
  std::vector<std::int64_t> shape;
  for (const std::string& size : split(text, 'x')) shape.push_back(std::stoll(size));
  return shape;
}

/// The largest difference, each divided by max(1, |expected|). Infinite where the counts differ. NaN in the file is nothing
/// to hold on to.
double difference(const at::Tensor& actual, const at::Tensor& expected) {
  if (actual.numel() != expected.numel()) return INFINITY;
  const at::Tensor a = actual.reshape(-1).to(at::kDouble), b = expected.reshape(-1).to(at::kDouble);
  const at::Tensor off = ((a - b).abs() / b.abs().clamp_min(1)).masked_fill(b.isnan(), 0);
  if (off.isnan().any().item<bool>()) return INFINITY;
  return off.numel() == 0 ? 0 : off.max().item<double>();
}

double difference(const std::vector<float>& actual, const at::Tensor& expected) {
  return difference(at::tensor(actual, at::kFloat), expected);
}

constexpr double kTolerance = 1e-5;

NoiseTable table_of(const std::string& prediction) { return NoiseTable::stable_diffusion(prediction == "zsnr"); }

std::vector<std::int64_t> latent_shape() { return shape_of(file().metadata().at("latent_shape")); }

/// prediction/sampler/schedule/steps/cfgC/seedS
struct SampleKey {
  std::string prediction, sampler, schedule;
  std::int64_t steps;
  double cfg;
  std::uint64_t seed;

  explicit SampleKey(const std::string& key) {
    const std::vector<std::string> fields = split(key, '/');
    if (fields.size() != 6) throw std::runtime_error("not prediction/sampler/schedule/steps/cfgC/seedS: " + key);
    prediction = fields[0];
    sampler = fields[1];
    schedule = fields[2];
    steps = std::stoll(fields[3]);
    cfg = number_after(fields[4], "cfg");
    seed = seed_after(fields[5]);
  }

  DiffusionModel model() const {
    DiffusionModel model = toy_model(prediction == "v" ? Prediction::Velocity : Prediction::Noise);
    model.table = table_of(prediction);
    return model;
  }

  StepPlan plan() const { return {.schedule = schedule, .steps = steps}; }

  SampleRequest request() const {
    SampleRequest request;
    request.positive = {words(kPositive)};
    request.negative = {words(kNegative)};
    request.cfg = cfg;
    request.seed = seed;
    request.latent = at::zeros(latent_shape());
    return request;
  }
};

at::Tensor run(const SampleKey& key, const SampleRequest& request, const StepPlan& plan) {
  const DiffusionModel model = key.model();
  const SamplerInfo& sampler = find_sampler(key.sampler);
  return sample(model, sampler, plan_sigmas(model.table, plan, sampler), request).latent;
}

bool has_sampler(const std::string& name) {
  return std::ranges::any_of(samplers(), [&](const SamplerInfo& info) { return info.name == name; });
}

TEST(GoldenNoise, IsThatOfTheSeed) {
  for (const auto& [key, expected] : part("noise")) {
    const std::vector<std::string> fields = split(key, '_');
    const std::uint64_t seed = seed_after(fields[0]);
    at::Tensor noise;
    if (fields[1] == "batch") {  // seed42_batch_index_3_1
      std::vector<std::int64_t> index;
      for (std::size_t i = 3; i < fields.size(); ++i) index.push_back(std::stoll(fields[i]));
      const auto count = static_cast<std::int64_t>(index.size());
      noise = initial_noise({count, 1, 1, expected.numel() / count}, seed, index);
    } else {
      noise = initial_noise(shape_of(fields[1]), seed);
    }
    EXPECT_EQ(difference(noise, expected), 0) << key;
  }
}

TEST(GoldenNoise, OfStepsGoesOnWithTheGenerator) {
  for (const auto& [key, expected] : named("default_noise_seed")) {
    const std::uint64_t seed = seed_after(split(key, '_')[2]);
    StepNoise noise(at::zeros({1, 1, 1, expected.size(1)}), seed - 1, BatchNoise::Together);
    for (const at::Tensor& draw : expected.unbind()) EXPECT_EQ(difference(noise(), draw), 0) << key;
  }
}

TEST(GoldenNoise, OfSdeSamplersIsTheBrownianPath) {
  for (const auto& [key, expected] : named("brownian_seed")) {
    const std::vector<std::string> fields = split(key, '_');
    const BrownianNoise noise(
        at::zeros(shape_of(fields[2])), 0.0291671585f, 14.614642f, seed_after(fields[1]), BatchNoise::Together);
    for (const at::Tensor& row : expected.unbind()) {  // from, to, and the noise
      const auto from = row[0].item<float>(), to = row[1].item<float>();
      EXPECT_LE(difference(noise(from, to), row.slice(0, 2)), 1e-6) << from << " " << to;
    }
  }
}

TEST(GoldenSchedule, TablesAgree) {
  for (const auto& [prediction, expected] : part("table")) {
    const NoiseTable table = table_of(prediction);
    EXPECT_LE(difference({table.sigmas().begin(), table.sigmas().end()}, expected), 1e-6) << prediction;
  }
}

TEST(GoldenSchedule, PercentsAgree) {
  const NoiseTable table = NoiseTable::stable_diffusion();
  for (const auto& [percent, expected] : part("percent_to_sigma")) {
    const double sigma = table.percent_to_sigma(std::stod(percent));
    EXPECT_LE(std::abs(sigma - expected.item<double>()), kTolerance * std::max(1.0, expected.item<double>()))
        << percent;
  }
}

TEST(GoldenSchedule, SigmasAgree) {
  for (const auto& [key, expected] : part("sigmas")) {
    const std::vector<std::string> fields = split(key, '/');
    std::vector<float> sigmas;
    if (fields[0] == "ksampler") {  // ksampler/eps/dpm_2/karras/steps10/denoise0.5
      const auto steps = static_cast<std::int64_t>(number_after(fields[4], "steps"));
      sigmas = plan_sigmas(table_of(fields[1]),
          {.schedule = fields[3], .steps = steps, .denoise = number_after(fields[5], "denoise")},
          find_sampler(fields[2]));
    } else {
      sigmas = schedule_sigmas(table_of(fields[0]), fields[1], std::stoll(fields[2]));
    }
    EXPECT_LE(difference(sigmas, expected), kTolerance) << key;
  }
}

TEST(GoldenSampler, SamplesAgree) {
  std::map<std::string, int> skipped;
  double worst = 0;
  std::size_t compared = 0;
  for (const auto& [key, expected] : part("samples")) {
    const SampleKey parsed(key);
    if (!has_sampler(parsed.sampler)) {
      ++skipped[parsed.sampler];
      continue;
    }
    const double found = difference(run(parsed, parsed.request(), parsed.plan()), expected);
    EXPECT_LE(found, kTolerance) << key;
    worst = std::max(worst, found);
    ++compared;
  }
  std::cout << compared << " samples compared, largest difference " << worst
            << "; skipped samplers that Weft lacks: " << (skipped.empty() ? "none" : "");
  for (const auto& [name, count] : skipped) std::cout << name << " (" << count << ") ";
  std::cout << std::endl;
}

/// A latent-sized mask, 1 in the rectangle of the cases.
at::Tensor square() {
  at::Tensor mask = at::zeros({1, 8, 8});
  mask.slice(1, 2, 6).slice(2, 2, 6).fill_(1);
  return mask;
}

/// What is special in each of the file's cases, by name.
const std::map<std::string, void (*)(SampleKey&, SampleRequest&, StepPlan&, const at::Tensor&)>& cases() {
  using Latent = const at::Tensor&;
  static const std::map<std::string, void (*)(SampleKey&, SampleRequest&, StepPlan&, Latent)> all{
      {"img2img_denoise0.5",
          [](SampleKey&, SampleRequest& request, StepPlan& plan, Latent latent) {
            request.latent = latent;
            plan.denoise = 0.5;
          }},
      {"img2img_denoise1.0_nonempty_latent",
          [](SampleKey&, SampleRequest& request, StepPlan&, Latent latent) { request.latent = latent; }},
      {"advanced_start3_end7_leftover",
          [](SampleKey&, SampleRequest& request, StepPlan& plan, Latent latent) {
            request.latent = latent;
            plan.start_step = 3;
            plan.end_step = 7;
            plan.leave_noise = true;
          }},
      {"advanced_start3_end7_nolefover",
          [](SampleKey&, SampleRequest& request, StepPlan& plan, Latent latent) {
            request.latent = latent;
            plan.start_step = 3;
            plan.end_step = 7;
          }},
      {"advanced_nonoise_start5",
          [](SampleKey&, SampleRequest& request, StepPlan& plan, Latent latent) {
            request.latent = latent;
            request.noise = at::zeros_like(latent);
            plan.start_step = 5;
          }},
      {"inpaint_mask",
          [](SampleKey&, SampleRequest& request, StepPlan&, Latent latent) {
            request.latent = latent;
            request.noise_mask = square();
          }},
      {"inpaint_mask_ddim",
          [](SampleKey& key, SampleRequest& request, StepPlan&, Latent latent) {
            key.sampler = "ddim";
            request.latent = latent;
            request.noise_mask = square();
          }},
      {"cfg1", [](SampleKey&, SampleRequest& request, StepPlan&, Latent) { request.cfg = 1; }},
      {"area",
          [](SampleKey&, SampleRequest& request, StepPlan&, Latent) {
            request.positive = combine(request.positive, set_area({words(kOther)}, 32, 32, 16, 16, 1));
          }},
      {"timestep_range",
          [](SampleKey&, SampleRequest& request, StepPlan&, Latent) {
            request.positive =
                combine(set_timestep_range({words(kOther)}, 0, 0.5), set_timestep_range({words(0.1)}, 0.5, 1));
          }},
      {"cond_mask",
          [](SampleKey&, SampleRequest& request, StepPlan&, Latent) {
            request.positive = combine(request.positive, set_mask({words(kOther)}, square(), 0.7, false));
          }},
      {"cond_mask_bounds",
          [](SampleKey&, SampleRequest& request, StepPlan&, Latent) {
            request.positive = combine(request.positive, set_mask({words(kOther)}, square(), 0.7, true));
          }},
  };
  return all;
}

TEST(GoldenSampler, CasesAgree) {
  for (const auto& [group, group_cases] : golden()) {
    if (!group.starts_with("cases_")) continue;
    const std::vector<std::string> fields = split(group, '_');  // cases_euler_normal_10_cfg7_seed42
    ASSERT_EQ(fields.size(), 6u) << group;
    const at::Tensor latent = part("").at("latent_in_seed7").view(latent_shape());
    for (const auto& [name, expected] : group_cases) {
      SampleKey key("eps/" + fields[1] + "/" + fields[2] + "/" + fields[3] + "/" + fields[4] + "/" + fields[5]);
      SampleRequest request = key.request();
      StepPlan plan = key.plan();
      const auto change = cases().find(name);
      if (change == cases().end()) {
        std::cout << "skipped: this test does not know the case " << name << std::endl;
        continue;
      }
      change->second(key, request, plan, latent);
      EXPECT_LE(difference(run(key, request, plan), expected), kTolerance) << name;
    }
  }
}

}  // namespace
}  // namespace weft::sd
