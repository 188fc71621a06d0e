// IP-Adapter (Ye et al. 2023, arXiv:2308.06721): a picture as a prompt. What an image encoder made of it becomes a few tokens,
// and each attention to the context attends to them, too, with keys and values of their own. Names of weights are those of the
// adapters' files: "image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight". Constant once built. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nodes/sd/networks/patch.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/networks/weights.h"

namespace weft::sd {

struct IPAdapterConfig {
  enum class Projection {
    Linear,  ///< of the image's embedding
    Resampler,  ///< Plus: of the encoder's last hidden states but one
    Mlp,  ///< FaceID: of a face's embedding
    FullMlp,  ///< of each of the encoder's hidden states but the last
  };
  Projection projection = Projection::Linear;
  std::int64_t image_width = 1024;  ///< of what the image encoder gives
  std::int64_t token_width = 768;  ///< of the tokens: the U-Net's context_dim
  std::int64_t tokens = 4;  ///< that the image becomes; with FullMlp as many as there are hidden states
  std::int64_t hidden = 0;  ///< width within the resampler or the MLP
  std::int64_t depth = 0, heads = 0;  ///< of the resampler, whose heads are 64 wide
  std::vector<std::int64_t>
      widths;  ///< of the U-Net's attentions to the context, in the order of attentions_to_context()
};

/// The names of a U-Net's attentions to the context, on the way down, then up, then in the middle: the order in which files
/// number them (1, 3, 5 ...).
std::vector<std::string> attentions_to_context(const UNetConfig& config);

class IPAdapter {
 public:
  IPAdapter(const IPAdapterConfig& config, const Weights& weights);
  ~IPAdapter();
  IPAdapter(IPAdapter&&) noexcept;

  const IPAdapterConfig& config() const;
  /// image [B, image_width], or with Resampler and FullMlp [B, states, image_width]. Gives [B, tokens, token_width].
  at::Tensor tokens(const at::Tensor& image) const;
  /// What queries [B, places, C] of attention `index` get from tokens of as many: [B, places, C].
  at::Tensor attended(std::size_t index, const at::Tensor& q, const at::Tensor& tokens, std::int64_t heads) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// How the weight goes along the U-Net's attentions, as users of ComfyUI know it: "linear", "ease in", "ease out",
/// "ease in-out", "reverse in-out", "weak input", "weak output", "weak middle", "strong middle".
std::vector<std::string> ip_weight_types();
/// The weight's share at attention number `order` of `count`, in the order in which the U-Net calls them. Throws
/// std::invalid_argument for another type.
double ip_weight_share(const std::string& type, const std::string& attention, std::size_t order, std::size_t count);

struct IPAdapterUse {
  at::Tensor positive, negative;  ///< what IPAdapter::tokens() takes, for each side; [1 or B, ...]
  double weight = 1;
  std::string weight_type = "linear";
  at::Tensor mask = {};  ///< [1 or B, h, w] in [0, 1]: where the picture counts, any size; undefined: everywhere
  double sigma_start = 1e9, sigma_end = 0;  ///< counts where sigma_end <= sigma <= sigma_start
};

/// Gives the adapter on a device, as it computes there.
using OpenIPAdapter = std::function<std::shared_ptr<const IPAdapter>(at::Device device, at::ScalarType dtype)>;

/// The patch of a model with that U-Net. `key` names the adapter and its pictures.
Patch ip_adapter_patch(const std::string& key, OpenIPAdapter adapter, const UNetConfig& unet, IPAdapterUse use);

}  // namespace weft::sd
