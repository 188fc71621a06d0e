// Streams, events, memory and recorded steps of a real GPU, through the interfaces that the engine and the
// nodes use.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <thread>

#include "nodes/sd/networks/step_graph.h"
#include "nodes/sd/sampling/noise.h"
#include "nodes/sd/tensors/torch_errors.h"
#include "nodes/sd/values/node_device.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/networks.h"

namespace weft::gpu {
namespace {

at::TensorOptions on(const Machine& machine) {
  return at::TensorOptions(sd::torch_device(machine.device)).dtype(at::kFloat);
}

/// Some hundred milliseconds of work for the current stream; returns at once.
void keep_busy(const Machine& machine) {
  at::Tensor a = at::ones({4096, 4096}, on(machine));
  for (int i = 0; i < 60; ++i) a = a.mm(a).clamp(0, 1);
}

bool all_are(const at::Tensor& tensor, double value) { return sd::to_cpu(tensor).eq(value).all().item<bool>(); }

/// Ends a check on the default stream, whatever happened.
struct BackToDefaultStream {
  Machine& machine;
  ~BackToDefaultStream() { machine.runtime.use_stream(machine.device, 0); }
};

}  // namespace

void a_stream_waits_for_an_event(Machine& machine) {
  machine.need_gpu();
  const BackToDefaultStream back{machine};
  DeviceRuntime& runtime = machine.runtime;
  const StreamId writer = runtime.create_stream(machine.device), reader = runtime.create_stream(machine.device);
  expect(writer != reader, "two streams have one number");
  const at::Tensor data = at::zeros({1 << 20}, on(machine));
  machine.finish();

  runtime.use_stream(machine.device, writer);
  keep_busy(machine);
  at::Tensor(data).fill_(1);
  const EventId written = runtime.record(machine.device, writer);

  runtime.use_stream(machine.device, reader);
  const at::Tensor early = data.clone();  // nothing makes it wait: this is what shows that the streams are apart
  runtime.wait(machine.device, reader, written);
  const at::Tensor late = data.clone();
  expect(all_are(late, 1), "a stream that waited for an event read what was there before it");
  expect(all_are(early, 0), "a stream that did not wait was held up by another");
  runtime.forget(machine.device, written);
}

void the_cpu_waits_for_an_event(Machine& machine) {
  machine.need_gpu();
  const BackToDefaultStream back{machine};
  DeviceRuntime& runtime = machine.runtime;
  const StreamId stream = runtime.create_stream(machine.device);
  const at::Tensor pinned = at::zeros({1 << 20}, at::TensorOptions().pinned_memory(true));
  runtime.use_stream(machine.device, stream);
  keep_busy(machine);
  at::Tensor(pinned).copy_(at::ones({1 << 20}, on(machine)), /*non_blocking=*/true);
  const EventId copied = runtime.record(machine.device, stream);
  expect(pinned[-1].item<float>() == 0, "work that was submitted had run already: the thread was stopped by it");
  runtime.synchronize(machine.device, copied);
  expect(pinned[-1].item<float>() == 1, "the event was reached before the work in front of it was done");
  runtime.forget(machine.device, copied);
}

void threads_have_streams_of_their_own(Machine& machine) {
  machine.need_gpu();
  std::array<double, 4> sums{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      threads.emplace_back([&, i] {
        const c10::InferenceMode inference;
        machine.runtime.use_stream(machine.device, machine.runtime.create_stream(machine.device));
        at::Tensor x = at::full({256, 256}, static_cast<double>(i), on(machine));
        for (int step = 0; step < 200; ++step) x = x + 1;
        sums[i] = sd::to_cpu(x).mean().item<double>();
      });
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    expect(sums[i] == static_cast<double>(i) + 200, "a thread's result was spoilt by another thread's stream");
  }
}

void transfers_keep_values_and_layout(Machine& machine) {
  const at::Tensor image = sd::initial_noise({2, 4, 33, 65}, 1).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor there = sd::to_device(image, machine.device);
  expect(there.is_contiguous(at::MemoryFormat::ChannelsLast), "channels_last was lost on the way");
  expect(sd::to_cpu(there).equal(image), "an image came back changed");
  expect(sd::to_device(there, Device{}).equal(image), "an image came back changed from to_device");

  const at::Tensor strided = sd::initial_noise({64, 64}, 2).t().slice(1, 3, 60);
  expect(sd::to_cpu(sd::to_device(strided, machine.device)).equal(strided), "a strided view came back changed");
  const at::Tensor half = sd::to_device(image, machine.device, at::kHalf);
  expect(sd::to_cpu(half).equal(image.to(at::kHalf)), "the device converts differently from the CPU");
  const at::Tensor large = at::arange(20 << 20, at::kFloat);  // above what goes through pinned memory
  expect(sd::to_cpu(sd::to_device(large, machine.device)).equal(large), "a large tensor came back changed");

  at::Tensor changing = at::full({1 << 16}, 5, on(machine));
  sd::CpuCopy copy(changing);
  changing.add_(1);  // submitted behind the copy
  expect(all_are(copy.get(), machine.has_gpu() ? 5 : 6), "a copy that was begun saw later work");
}

void memory_counts_what_is_cached_as_free(Machine& machine) {
  machine.need_gpu();
  const auto free = [&] { return static_cast<double>(machine.runtime.memory(machine.device).free); };
  const double before = free(), size = 256 << 20, slack = 32 << 20;
  {
    const at::Tensor tensor = at::empty({256 << 20}, on(machine).dtype(at::kByte));
    expect_at_most(std::abs(before - free() - size), slack, "error of the free memory while 256 MiB are held");
  }
  expect_at_most(std::abs(before - free()), slack, "memory that is still missing after it was freed");
  machine.runtime.trim(machine.device);
  expect_at_most(std::abs(before - free()), slack, "memory that is missing after trim()");
}

void out_of_memory_has_numbers_and_passes(Machine& machine) {
  machine.need_gpu();
  const auto total = static_cast<std::int64_t>(machine.runtime.memory(machine.device).total);
  const std::int64_t piece = total / 10;
  std::vector<at::Tensor> held;
  try {
    sd::with_memory_errors([&] {
      for (int i = 0; i < 11; ++i) held.push_back(at::empty({piece}, on(machine).dtype(at::kByte)));
    });
    throw Failed("more memory was given than there is");
  } catch (const OutOfMemory& error) {
    expect(error.device() == machine.device.name(), "the error names " + error.device());
    expect_at_most(std::abs(static_cast<double>(error.wanted_bytes()) / static_cast<double>(piece) - 1), 0.05,
        "error of the wanted bytes");
    expect(
        error.free_bytes() > 0 && error.free_bytes() < static_cast<std::uint64_t>(piece), "the free bytes are wrong");
  }
  held.clear();
  machine.runtime.trim(machine.device);
  const at::Tensor after = sd::with_memory_errors([&] { return at::ones({piece}, on(machine).dtype(at::kByte)); });
  expect(all_are(after.slice(0, piece - 100), 1), "the device does not work after it ran out of memory");
}

void a_recorded_step_equals_the_step(Machine& machine) {
  const c10::InferenceMode inference;
  const at::Device device = sd::torch_device(machine.device);
  const auto unet = on_device<sd::UNet>(
      kSmallUNet, random_weights<sd::UNet>(kSmallUNet), device, machine.has_gpu() ? at::kHalf : at::kFloat);
  const auto step = [&](const sd::NetworkCall& call) { return unet.forward(call); };
  sd::StepGraph graph(step);
  for (int i = 0; i < 6; ++i) {
    const std::int64_t size = 16 + 8 * (i % 2);
    const auto seed = static_cast<std::uint64_t>(i);
    const at::Tensor x = sd::to_device(sd::initial_noise({2, 4, size, size}, seed), machine.device);
    const at::Tensor t = sd::to_device(at::tensor({900.0F - 100 * i, 5.0F}), machine.device);
    const at::Tensor y = sd::to_device(sd::initial_noise({2, 77, kSmallUNet.context_dim}, seed + 9), machine.device);
    const sd::NetworkCall call{.x = x, .timesteps = t, .context = y};
    const at::Tensor plain = step(call), recorded = graph(call);
    expect_at_most((recorded - plain).abs().max().item<double>(), 1e-3, "difference of a recorded step");
  }
  expect(graph.problem().empty(), "the step was not recorded: " + graph.problem());
  machine.need_gpu();
  expect(graph.replays() == 4, "two shapes, three calls each, were not replayed four times");
}

void a_recorded_step_serves_two_streams(Machine& machine) {
  machine.need_gpu();
  const c10::InferenceMode inference;
  const BackToDefaultStream back{machine};
  // Long enough that the second call comes while the first still runs.
  sd::StepGraph graph([](const sd::NetworkCall& call) {
    at::Tensor sum = call.x;
    for (int i = 0; i < 500; ++i) sum = sum + call.x;
    return sum;
  });
  const at::Tensor ones = at::ones({16 << 20}, on(machine)), twos = ones * 2, t = at::ones({1}, on(machine));
  graph({.x = ones, .timesteps = t, .context = t});
  graph({.x = ones, .timesteps = t, .context = t});
  machine.finish();
  const StreamId first = machine.runtime.create_stream(machine.device);
  const StreamId second = machine.runtime.create_stream(machine.device);
  machine.runtime.use_stream(machine.device, first);
  const at::Tensor of_ones = graph({.x = ones, .timesteps = t, .context = t});
  machine.runtime.use_stream(machine.device, second);
  const at::Tensor of_twos = graph({.x = twos, .timesteps = t, .context = t});
  machine.finish();
  expect(graph.replays() == 3, "the step was not replayed: " + graph.problem());
  expect(all_are(of_ones, 501) && all_are(of_twos, 1002), "two streams spoilt each other's recorded step");
}

void a_step_that_cannot_be_recorded_is_run(Machine& machine) {
  machine.need_gpu();
  const auto run = [&](const sd::Network& step) {
    sd::StepGraph graph(step);
    const at::Tensor x = at::ones({4}, on(machine));
    for (int i = 0; i < 3; ++i)
      expect(all_are(graph({.x = x, .timesteps = x, .context = x}), 3), "a step gives a wrong result");
    return graph.problem();
  };
  const auto reads_back = [](const sd::NetworkCall& call) {
    return call.x + call.timesteps + call.context * call.x.sum().item<double>() / 4;
  };
  expect(!run(reads_back).empty(), "a step that reads back to the CPU was recorded");
  const auto plain = [](const sd::NetworkCall& call) { return call.x + call.timesteps + call.context; };
  const std::string problem = run(plain);
  expect(problem.empty(), "nothing can be recorded after a failure: " + problem);
}

}  // namespace weft::gpu
