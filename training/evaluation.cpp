#include "training/evaluation.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "training/held_out_renders.h"
#include "training/optimization.h"
#include "training/unet_training.h"
#include "training/vae_training.h"

namespace weft::paper_cut {
namespace {

constexpr std::int64_t kChunk = 20;

using nlohmann::json;

json as_json(const std::array<Tally, kAttributes>& tallies) {
  json table;
  Tally all;
  const auto row = [](const Tally& t) { return json{{"right", t.right}, {"of", t.of}, {"share", t.share()}}; };
  for (std::size_t a = 0; a < kAttributes; ++a) {
    table[std::string(kAttributeNames[a])] = row(tallies[a]);
    all.right += tallies[a].right;
    all.of += tallies[a].of;
  }
  table["all"] = row(all);
  return table;
}

}  // namespace

json measure_adherence(const PaperCutModel& model, const Judge& judge, std::int64_t count, const DrawOptions& options) {
  const std::vector<Scene> said = held_out_scenes(count);
  const std::vector<std::string> captions = captions_of(said);
  std::vector<Scene> read;
  for (std::size_t from = 0; from < captions.size(); from += kChunk) {
    const std::size_t to = std::min(captions.size(), from + kChunk);
    DrawOptions chunk = options;
    chunk.seed += from;
    const at::Tensor pictures =
        model.draw({captions.begin() + std::int64_t(from), captions.begin() + std::int64_t(to)}, chunk);
    const std::vector<Scene> found = judge.read(pictures);
    read.insert(read.end(), found.begin(), found.end());
  }
  json result = as_json(tally(said, read));
  for (std::size_t i = 0; i < said.size(); ++i) {
    json missed;
    for (int a = 0; a < kAttributes; ++a) {
      if (states(said[i], a) && said[i].values()[std::size_t(a)] != read[i].values()[std::size_t(a)])
        missed.push_back(kAttributeNames[std::size_t(a)]);
    }
    if (!missed.empty()) result["missed"].push_back({{"caption", captions[i]}, {"attributes", missed}});
  }
  return result;
}

json measure_judge(const Judge& judge, std::int64_t count) {
  const auto [scenes, pictures, labels] = held_out_renders(count);
  return as_json(tally(scenes, judge.read(pictures)));
}

json measure_vae(const std::filesystem::path& folder, const Judge& judge, std::int64_t count) {
  at::NoGradGuard no_grad;
  const auto [scenes, pictures, labels] = held_out_renders(count);
  const sd::AutoencoderKL vae(vae_config(),
      sd::Weights(std::make_shared<sd::TensorMapSource>(
          Optimization::averages_in(read_tensors(folder / "vae.safetensors")), "the average")));
  std::vector<at::Tensor> chunks;
  for (const at::Tensor& chunk : pictures.split(kChunk))
    chunks.push_back(vae.decode(vae.encoder.encode(chunk)).clamp(-1, 1));
  const at::Tensor found = at::cat(chunks);
  json result = as_json(tally(scenes, judge.read(found)));
  result["psnr"] = psnr(found, pictures);
  return result;
}

}  // namespace weft::paper_cut
