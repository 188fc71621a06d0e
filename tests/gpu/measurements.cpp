// Times and sizes for the report. They pass unless something throws: machines differ, ratios are for people
// to judge.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <chrono>

#include "devices/cuda/cuda_functions.h"
#include "nodes/sd/networks/step_graph.h"
#include "nodes/sd/sampling/noise.h"
#include "nodes/sd/values/node_device.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/networks.h"

namespace weft::gpu {
namespace {

constexpr double kMiB = 1 << 20;

/// Peak of what tensors take on the GPU while `work` runs, in MiB. 0 where libweft_cuda is not there.
double peak_mib(const Machine& machine, const std::function<void()>& work) {
  const CudaFunctions* cuda = find_cuda_functions();
  if (cuda) cuda->reset_peaks(machine.device.index);
  work();
  machine.finish();
  CudaMemory memory{};
  if (!cuda || !cuda->memory(machine.device.index, &memory)) return 0;
  return static_cast<double>(memory.peak_allocated) / kMiB;
}

/// Random weights where they are used: the values do not matter for times, and making them on the CPU would
/// take longer than all else.
class WeightsOnDevice final : public sd::WeightSource {
 public:
  WeightsOnDevice(at::Device device, at::ScalarType dtype) : options_(at::TensorOptions(device).dtype(dtype)) {}
  at::Tensor get(const std::string&, at::IntArrayRef shape, sd::Init) override {
    const at::Tensor tensor = at::randn(shape, options_) * 0.02;
    return shape.size() == 4 ? tensor.contiguous(at::MemoryFormat::ChannelsLast) : tensor;
  }
  bool has(const std::string&) const override { return true; }

 private:
  at::TensorOptions options_;
};

sd::Weights weights_on(const Machine& machine, at::ScalarType dtype) {
  return sd::Weights(std::make_shared<WeightsOnDevice>(sd::torch_device(machine.device), dtype));
}

/// Eager and recorded steps of one U-Net, as `name`_eager_ms, `name`_recorded_ms and their ratio.
void measure_step(Machine& machine, const std::string& name, const sd::UNetConfig& config, std::int64_t size) {
  const c10::InferenceMode inference;
  const sd::UNet unet(config, weights_on(machine, at::kHalf));
  const auto step = [&](const sd::NetworkCall& call) { return unet.forward(call); };
  const at::Tensor x = sd::to_device(sd::initial_noise({2, 4, size, size}, 1), machine.device, at::kHalf);
  const at::Tensor t = sd::to_device(at::tensor({500.0F, 500.0F}), machine.device);
  const at::Tensor y = sd::to_device(sd::initial_noise({2, 77, config.context_dim}, 2), machine.device, at::kHalf);
  const sd::NetworkCall call{.x = x, .timesteps = t, .context = y};
  const double eager = machine.milliseconds(20, [&] { step(call); });
  sd::StepGraph graph(step);
  graph(call);
  graph(call);
  const double recorded = machine.milliseconds(20, [&] { graph(call); });
  expect(graph.problem().empty(), "the step was not recorded: " + graph.problem());
  machine.numbers[name + "_eager_ms"] = eager;
  machine.numbers[name + "_recorded_ms"] = recorded;
  machine.numbers[name + "_eager_over_recorded"] = eager / recorded;
  machine.numbers[name + "_peak_mib"] = peak_mib(machine, [&] { step(call); });
}

}  // namespace

void measure_unet_step(Machine& machine) {
  machine.need_gpu();
  machine.need_full_size();
  measure_step(machine, "unet_sd15_512_batch2_float16", sd::UNetConfig{}, 64);
}

void measure_small_unet_step(Machine& machine) {
  machine.need_gpu();
  measure_step(machine, "unet_small_batch2_float16", kSmallUNet, 16);
}

void measure_vae_decode(Machine& machine) {
  machine.need_gpu();
  machine.need_full_size();
  const c10::InferenceMode inference;
  const sd::VAEDecoder decoder(sd::VAEConfig{}, weights_on(machine, at::kBFloat16));
  const at::Tensor latent = sd::to_device(sd::initial_noise({1, 4, 64, 64}, 1), machine.device, at::kBFloat16);
  machine.numbers["vae_decode_512_bfloat16_ms"] = machine.milliseconds(10, [&] { decoder.decode(latent); });
  machine.numbers["vae_decode_512_bfloat16_peak_mib"] = peak_mib(machine, [&] { decoder.decode(latent); });
}

void measure_transfers(Machine& machine) {
  machine.need_gpu();
  const std::int64_t bytes = 64 << 20;
  const double gib = static_cast<double>(bytes) / (1 << 30);
  const at::Tensor pageable = at::ones({bytes}, at::kByte), pinned = pageable.pin_memory();
  const at::Tensor there = pageable.to(sd::torch_device(machine.device));
  const auto gib_per_second = [&](const std::function<void()>& work) {
    return gib / (machine.milliseconds(20, work) / 1000);
  };
  machine.numbers["upload_pinned_gib_s"] = gib_per_second([&] { at::Tensor(there).copy_(pinned, true); });
  machine.numbers["upload_pageable_gib_s"] = gib_per_second([&] { at::Tensor(there).copy_(pageable); });
  machine.numbers["upload_to_device_gib_s"] = gib_per_second([&] { sd::to_device(pageable, machine.device); });
  machine.numbers["download_pinned_gib_s"] = gib_per_second([&] { at::Tensor(pinned).copy_(there, true); });
  machine.numbers["download_pageable_gib_s"] = gib_per_second([&] { at::Tensor(pageable).copy_(there); });
  machine.numbers["download_to_cpu_gib_s"] = gib_per_second([&] { sd::to_cpu(there); });
}

void measure_two_branches(Machine& machine) {
  machine.need_gpu();
  DeviceRuntime& runtime = machine.runtime;
  const StreamId first = runtime.create_stream(machine.device), second = runtime.create_stream(machine.device);
  // Small products, which leave most of a GPU idle; long enough that submitting is not what takes the time.
  const at::Tensor seed = at::rand({512, 512}, at::TensorOptions(sd::torch_device(machine.device)));
  const auto branch = [&](StreamId stream) {
    runtime.use_stream(machine.device, stream);
    at::Tensor x = seed;
    for (int i = 0; i < 500; ++i) x = x.mm(seed).clamp(0, 1);
  };
  const auto both = [&](StreamId a, StreamId b) {
    return machine.milliseconds(10, [&] {
      branch(a);
      branch(b);
    });
  };
  const double one = both(first, first), two = both(first, second);
  runtime.use_stream(machine.device, 0);
  machine.numbers["two_branches_one_stream_ms"] = one;
  machine.numbers["two_branches_two_streams_ms"] = two;
  machine.numbers["two_branches_one_over_two"] = one / two;
}

}  // namespace weft::gpu
