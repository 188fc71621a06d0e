// weft_reference_runner CHECKPOINT INPUTS.safetensors OUTPUTS.safetensors [--dtype bfloat16] [--repeat N]
//
// Runs each network of a checkpoint once on the inputs that the scripts in this folder prepare, so that they
// can compare the outputs with diffusers'. With --repeat, runs the U-Net and the decoder N times and prints
// the seconds of each.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <chrono>
#include <string>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/safetensors.h"

namespace {

using namespace weft::sd;

struct Request {
  std::string checkpoint, inputs, outputs;
  at::ScalarType dtype = at::kFloat;
  int repeat = 0;
};

Request parse(int count, char** arguments) {
  if (count < 4)
    throw std::runtime_error("usage: weft_reference_runner CHECKPOINT INPUTS OUTPUTS [--dtype bfloat16] [--repeat N]");
  Request request{arguments[1], arguments[2], arguments[3]};
  for (int i = 4; i + 1 < count; i += 2) {
    const std::string option = arguments[i], value = arguments[i + 1];
    if (option == "--dtype") request.dtype = value == "bfloat16" ? at::kBFloat16 : at::kFloat;
    if (option == "--repeat") request.repeat = std::stoi(value);
  }
  return request;
}

template <class Act>
at::Tensor timed(const char* name, int repeat, Act act) {
  at::Tensor result = act();
  for (int i = 0; i < repeat; ++i) {
    const auto start = std::chrono::steady_clock::now();
    act();
    fmt::print("{} {:.4f}\n", name, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return result;
}

void run(const Request& request) {
  const at::NoGradGuard no_grad;
  const Checkpoint model = Checkpoint::open(request.checkpoint);
  const auto inputs = SafetensorsFile::open(request.inputs);
  TensorMap outputs;
  if (inputs.has("text.ids")) {
    for (const TextSlot& slot : model.family().texts) {
      const std::string name = slot.part == Part::TextEncoder ? "text" : "text2";
      const TextEncoder text = model.text_encoder(at::kCPU, request.dtype, slot.part);
      const TextEncoding encoding = text.forward(inputs.tensor("text.ids"));
      outputs[name + ".hidden"] = encoding.hidden.to(at::kFloat);
      outputs[name + ".pooled"] = encoding.pooled.to(at::kFloat);
      outputs[name + ".skip2"] = text.forward(inputs.tensor("text.ids"), 2).hidden.to(at::kFloat);
    }
  }
  if (inputs.has("vae.image")) {
    outputs["vae.moments"] = model.vae_encoder(at::kCPU, request.dtype).encode_moments(inputs.tensor("vae.image"));
  }
  if (inputs.has("vae.latent")) {
    const VAEDecoder decoder = model.vae_decoder(at::kCPU, request.dtype);
    outputs["vae.decoded"] =
        timed("vae.decoded", request.repeat, [&] { return decoder.decode(inputs.tensor("vae.latent")); });
    if (model.vae_config().codebook > 0) outputs["vae.codes"] = decoder.code_indices(inputs.tensor("vae.latent"));
  }
  if (inputs.has("labels")) {
    const at::Tensor labels = inputs.tensor("labels");
    outputs["labels"] = model.label_encoder()->context(
        {labels.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(labels.numel())});
  }
  if (inputs.has("map")) outputs["map"] = (*model.spatial_rescaler())(inputs.tensor("map"));
  if (inputs.has("unet.x")) {
    const UNet unet = model.unet(at::kCPU, request.dtype);
    NetworkCall call;
    call.x = inputs.tensor("unet.x");
    call.timesteps = inputs.tensor("unet.timesteps");
    call.context = inputs.tensor("unet.context");
    if (inputs.has("unet.vector")) call.vector = inputs.tensor("unet.vector");
    outputs["unet"] = timed("unet", request.repeat, [&] { return unet.forward(call); });
  }
  write_safetensors(request.outputs, outputs);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    run(parse(count, arguments));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
