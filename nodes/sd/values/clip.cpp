// Clip: the value that holds a text encoder and its tokenizer.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <mutex>
#include <optional>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/tensors/finite.h"
#include "nodes/sd/tensors/precision.h"
#include "nodes/sd/text/prompt.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/sd/values/per_device.h"
#include "nodes/sd/values/values.h"

namespace weft {

struct Clip::Shared {
  std::shared_ptr<const sd::Checkpoint> checkpoint;
  sd::PerPatches<sd::TextEncoder> encoders;
  std::once_flag made_tokenizer;
  std::optional<sd::Tokenizer> made;

  const sd::Tokenizer& tokenizer() {
    std::call_once(made_tokenizer, [this] { made = checkpoint->tokenizer(); });
    return *made;
  }

  bool attends_to_context() const { return checkpoint->unet_config().context_dim > 0; }
  void require_words() const {
    constexpr sd::Part kPart = sd::Part::TextEncoder;
    if (checkpoint->has(kPart)) return;
    const std::string name = checkpoint->path().filename().string();
    const bool needs_no_words = checkpoint->has(sd::Part::LabelEncoder) || !attends_to_context();
    if (checkpoint->lost(kPart) || !needs_no_words)
      throw NodeError(fmt::format("'{}' {}", name, checkpoint->absence(kPart)),
          checkpoint->lost(kPart) ? "download the whole folder" : "connect the text encoder of a model that has one");
    throw NodeError(fmt::format("'{}' was trained without text, so it understands none", name),
        "give it a label (conditioning.label) or a map (conditioning.segmentation_map)");
  }
};

Clip::Clip(std::shared_ptr<const sd::Checkpoint> checkpoint) : shared_(std::make_shared<Shared>()) {
  shared_->checkpoint = std::move(checkpoint);
  encoders_ = shared_->encoders.for_key("");
}

Conditioning Clip::encode(const std::string& text, const Residency& where) const {
  const c10::InferenceMode inference;
  // A model that attends to nothing is not told anything here; a context has to stand for that.
  if (!shared_->attends_to_context()) return {{{.context = at::zeros({1, 1, 1})}}};
  shared_->require_words();
  const auto encoder = encoders_->get(
      where, shared_->checkpoint->network("text encoder", sd::Part::TextEncoder, sd::kTextEncoderDtype), [&] {
        return shared_->checkpoint->text_encoder(
            sd::torch_device(where.device()), sd::kTextEncoderDtype, sd::Part::TextEncoder, patches_);
      });
  sd::EncodedPrompt encoded = sd::encode_prompt(*encoder, shared_->tokenizer(), text, skip_);
  sd::require_finite(encoded.context, "the text encoder gave",
      "lower the weights in the text, such as (words:1.2); else the model's file may be damaged");
  return {{{.context = encoded.context, .pooled = encoded.pooled, .tokens = std::move(encoded.tokens)}}};
}

std::vector<std::int64_t> Clip::find_tokens(const std::string& text, const std::string& words) const {
  shared_->require_words();
  const std::int64_t length = shared_->checkpoint->text_encoder_config().max_positions;
  return sd::find_tokens(shared_->tokenizer(), text, words, length);
}

Clip Clip::with_skip(std::int64_t skip) const {
  Clip other = *this;
  other.skip_ = skip;
  return other;
}

Clip Clip::with(sd::Patch patch) const {
  Clip other = *this;
  other.patches_.push_back(std::make_shared<const sd::Patch>(std::move(patch)));
  other.encoders_ = shared_->encoders.for_key(sd::key_of(sd::weight_patches(other.patches_)));
  return other;
}

}  // namespace weft
