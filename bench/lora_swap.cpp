// What a LoRA costs in time beside loading the model: put on, with another strength, taken off. Ratios of one run.
//
//   bench_lora_swap MODEL LORA      a checkpoint or a diffusers folder, and a LoRA for it
//
// The model is opened anew and built once before, so that its file is in memory both times.
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "nodes/sd/adapters/adapter_file.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/networks/weight_loader.h"
#include "nodes/sd/tensors/precision.h"

namespace weft::sd {
namespace {

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void measure(const char* model_path, const char* lora_path) {
  const at::NoGradGuard no_grad;
  const at::ScalarType dtype = unet_dtype("auto", at::kCPU);
  static_cast<void>(Checkpoint::open(model_path).unet(at::kCPU, dtype));

  std::optional<Checkpoint> model;
  const auto shared = std::make_shared<SharedWeights>();
  std::optional<UNet> plain, on, other, off;
  std::shared_ptr<const AdapterFile> lora;
  const double load = seconds([&] {
    model = Checkpoint::open(model_path);
    plain = model->unet(at::kCPU, dtype, {.shared = shared});
  });
  const auto with = [&](double strength) {
    return Patching{{std::make_shared<const Patch>(AdapterFile::patch(lora, strength))}, shared};
  };
  const double put_on = seconds([&] {
    lora = AdapterFile::open(lora_path, *model);
    on = model->unet(at::kCPU, dtype, with(1));
  });
  const double stronger = seconds([&] { other = model->unet(at::kCPU, dtype, with(0.5)); });
  const double take_off = seconds([&] { off = model->unet(at::kCPU, dtype, {.shared = shared}); });
  fmt::print("loading the U-Net in {}: {:.2f} s\n", at::toString(dtype), load);
  const auto line = [&](const char* what, double time) {
    fmt::print("{}: {:.3f} s, {:.1f} % of loading\n", what, time, 100 * time / load);
  };
  line("the LoRA put on", put_on);
  line("another strength", stronger);
  line("taken off", take_off);
}

}  // namespace
}  // namespace weft::sd

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("bench_lora_swap MODEL LORA\n", stderr);
    return 2;
  }
  weft::sd::measure(argv[1], argv[2]);
}
