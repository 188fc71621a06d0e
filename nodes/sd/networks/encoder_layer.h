// A layer of CLIP's transformers (Radford et al. 2021, arXiv:2103.00020), of texts and of pictures alike. Names of weights are
// those of transformers' CLIPEncoderLayer. Constant once built. [any thread]
#pragma once

#include "nodes/sd/networks/layers.h"

namespace weft::sd {

enum class EncoderActivation { QuickGelu, Gelu };

class EncoderLayer {
 public:
  struct Options {
    std::int64_t width = 768, heads = 12, mlp_width = 3072;
    std::int64_t attention_width = 0;  ///< of all heads together; 0: width
    EncoderActivation activation = EncoderActivation::QuickGelu;
    double norm_eps = 1e-5;
    bool causal = false;  ///< each sees only those before it
    bool qkv_bias = true;
    bool pack = false;  ///< where a network is applied often enough to pay for it
  };

  EncoderLayer(const Weights& weights, const Options& options);

  /// x [B, T, width]; mask [B, 1, T or 1, T], what each sees in place of Options::causal; undefined: that.
  at::Tensor operator()(at::Tensor x, const at::Tensor& mask = {}) const;

 private:
  EncoderLayer(
      const Weights& weights, const Options& options, std::int64_t inner, Linear::Options qkv, Linear::Options others);

  std::int64_t heads_;
  bool causal_;
  EncoderActivation activation_;
  LayerNorm norm1_;
  Linear q_, k_, v_, out_;
  LayerNorm norm2_;
  Linear fc1_, fc2_;
};

}  // namespace weft::sd
