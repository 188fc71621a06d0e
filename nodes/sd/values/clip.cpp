// Clip: the value that holds a text encoder and its tokenizer.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/tensors/finite.h"
#include "nodes/sd/tensors/precision.h"
#include "nodes/sd/text/a1111_prompt.h"
#include "nodes/sd/text/compel_prompt.h"
#include "nodes/sd/text/embedding_file.h"
#include "nodes/sd/text/prompt.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/sd/values/per_device.h"
#include "nodes/sd/values/values.h"

namespace weft {

struct Clip::Shared {
  std::shared_ptr<const sd::Checkpoint> checkpoint;
  std::map<sd::Part, sd::PerPatches<sd::TextEncoder>> encoders;

  const sd::Tokenizer& tokenizer(sd::Part part) {
    const std::lock_guard lock(mutex_);
    const auto found = tokenizers_.find(part);
    return found != tokenizers_.end() ? found->second
                                      : tokenizers_.emplace(part, checkpoint->tokenizer(part)).first->second;
  }

  std::span<const sd::TextSlot> slots() const { return checkpoint->family().texts; }
  bool attends_to_context() const { return checkpoint->unet_config().context_dim > 0; }
  void require_words() const {
    for (const sd::TextSlot& slot : slots()) require_words(slot.part);
  }

 private:
  void require_words(sd::Part part) const {
    if (checkpoint->has(part)) return;
    const std::string name = checkpoint->path().filename().string();
    const bool needs_no_words = checkpoint->has(sd::Part::LabelEncoder) || !attends_to_context();
    if (checkpoint->lost(part) || !needs_no_words)
      throw NodeError(fmt::format("'{}' {}", name, checkpoint->absence(part)),
          checkpoint->lost(part) ? "download the whole folder" : "connect the text encoder of a model that has one");
    throw NodeError(fmt::format("'{}' was trained without text, so it understands none", name),
        "give it a label (conditioning.label) or a map (conditioning.segmentation_map)");
  }

  std::mutex mutex_;
  std::map<sd::Part, sd::Tokenizer> tokenizers_;
};

namespace {

/// The vectors of the embeddings that texts name, each file read once an encoder.
class EmbeddingVectors {
 public:
  explicit EmbeddingVectors(const Clip::EmbeddingFiles& files) : files_(files) {}

  sd::LearnedWords for_encoder(const sd::TextSlot& slot, std::int64_t width) {
    if (!files_) return {};
    return [this, &slot, width](const std::string& name) {
      const auto known = vectors_.find({name, slot.part});
      if (known != vectors_.end()) return known->second;
      at::Tensor vectors;
      if (const auto file = files_(name)) {
        vectors = sd::learned_vectors(*file, std::string(slot.embedding_key), width);
        used_[name] = used_[name] || vectors.defined();
      }
      return vectors_[{name, slot.part}] = vectors;
    };
  }

  /// Of Stable Diffusion XL's two encoders one may have none.
  void require_all_used() const {
    for (const auto& [name, used] : used_)
      if (!used)
        throw NodeError(fmt::format("the embedding '{}' has no vectors for this model's text encoder", name),
            "use one that was trained for this kind of model");
  }

 private:
  const Clip::EmbeddingFiles& files_;
  std::map<std::pair<std::string, sd::Part>, at::Tensor> vectors_;
  std::map<std::string, bool> used_;
};

/// The outputs of several encoders side by side, as far as the shortest goes. The pooled encoding is the last one's.
Conditioning joined(std::vector<sd::EncodedPrompt> encoded) {
  std::int64_t length = encoded[0].context.size(1);
  for (const sd::EncodedPrompt& each : encoded) length = std::min(length, each.context.size(1));
  std::vector<at::Tensor> contexts;
  for (const sd::EncodedPrompt& each : encoded) contexts.push_back(each.context.narrow(1, 0, length));
  std::vector<sd::PromptToken> tokens = std::move(encoded[0].tokens);
  if (tokens.size() > static_cast<std::size_t>(length)) tokens.resize(static_cast<std::size_t>(length));
  return {{{.context = at::cat(contexts, 2), .pooled = encoded.back().pooled, .tokens = std::move(tokens)}}};
}

Conditioning finite(Conditioning conditioning) {
  sd::require_finite(conditioning.entries[0].context, "the text encoder gave",
      "lower the weights in the text, such as (words:1.2); else the model's file may be damaged");
  return conditioning;
}

}  // namespace

Clip::Clip(std::shared_ptr<const sd::Checkpoint> checkpoint) : shared_(std::make_shared<Shared>()) {
  shared_->checkpoint = std::move(checkpoint);
  for (const sd::TextSlot& slot : shared_->slots()) encoders_.push_back(shared_->encoders[slot.part].for_key(""));
}

std::shared_ptr<const sd::TextEncoder> Clip::encoder(std::size_t slot, const Residency& where) const {
  const sd::Part part = shared_->slots()[slot].part;
  const sd::Checkpoint& checkpoint = *shared_->checkpoint;
  const sd::Patching patching{patches_, shared_->encoders.at(part).shared_on(where.device())};
  const auto size = checkpoint.patched_network(std::string(title(part)), part, sd::kTextEncoderDtype, patching);
  return encoders_[slot]->get(where, size,
      [&] { return checkpoint.text_encoder(sd::torch_device(where.device()), sd::kTextEncoderDtype, part, patching); });
}

Conditioning Clip::encode(
    const std::string& text, const Residency& where, const EmbeddingFiles& embeddings, sd::Dialect dialect) const {
  if (dialect == sd::Dialect::Compel) return encode_as_compel(text, where, embeddings);
  return encode_chunked(std::vector<std::string>(shared_->slots().size(), text), where, embeddings, dialect);
}

Conditioning Clip::encode_each(
    const std::vector<std::string>& texts, const Residency& where, const EmbeddingFiles& embeddings) const {
  return encode_chunked(texts, where, embeddings, sd::Dialect::ComfyUI);
}

Conditioning Clip::encode_chunked(const std::vector<std::string>& texts, const Residency& where,
    const EmbeddingFiles& embeddings, sd::Dialect dialect) const {
  const c10::InferenceMode inference;
  // A model that attends to nothing is not told anything here; a context has to stand for that.
  if (!shared_->attends_to_context()) return {{{.context = at::zeros({1, 1, 1})}}};
  shared_->require_words();
  const auto slots = shared_->slots();
  if (texts.size() != slots.size())
    throw NodeError(
        fmt::format("'{}' has {} text encoder{}, and was given {} texts",
            shared_->checkpoint->path().filename().string(), slots.size(), slots.size() == 1 ? "" : "s", texts.size()),
        "encode the text with Encode Text (text.encode)");

  const bool a1111 = dialect == sd::Dialect::A1111;
  EmbeddingVectors vectors(embeddings);
  std::vector<std::vector<sd::TokenChunk>> chunks;
  std::size_t most = 0;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const sd::TextEncoderConfig& config = shared_->checkpoint->text_encoder_config(slots[i].part);
    const auto tokenize = a1111 ? sd::tokenize_a1111 : sd::tokenize_prompt;
    chunks.push_back(tokenize(shared_->tokenizer(slots[i].part), texts[i], config.max_positions,
        vectors.for_encoder(slots[i], config.width)));
    most = std::max(most, chunks.back().size());
  }
  vectors.require_all_used();

  std::vector<sd::EncodedPrompt> encoded;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const sd::Tokenizer& tokenizer = shared_->tokenizer(slots[i].part);
    const std::int64_t length = shared_->checkpoint->text_encoder_config(slots[i].part).max_positions;
    if (chunks[i].size() < most) chunks[i].resize(most, sd::tokenize_prompt(tokenizer, "", length).front());
    encoded.push_back(sd::encode_chunks(*encoder(i, where), tokenizer, std::move(chunks[i]), skip_,
        a1111 ? sd::Weighing::KeepMean : sd::Weighing::FromEmpty));
  }
  return finite(joined(std::move(encoded)));
}

Conditioning Clip::encode_as_compel(
    const std::string& text, const Residency& where, const EmbeddingFiles& embeddings) const {
  const c10::InferenceMode inference;
  if (!shared_->attends_to_context()) return {{{.context = at::zeros({1, 1, 1})}}};
  shared_->require_words();
  const sd::CompelPrompt prompt = sd::parse_compel(text);
  EmbeddingVectors vectors(embeddings);
  std::vector<sd::EncodedPrompt> encoded;
  const auto slots = shared_->slots();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const sd::LearnedWords learned =
        vectors.for_encoder(slots[i], shared_->checkpoint->text_encoder_config(slots[i].part).width);
    encoded.push_back(
        sd::encode_compel(*encoder(i, where), shared_->tokenizer(slots[i].part), prompt, text, skip_, learned));
  }
  vectors.require_all_used();
  return finite(joined(std::move(encoded)));
}

std::vector<std::int64_t> Clip::find_tokens(
    const std::string& text, const std::string& words, const EmbeddingFiles& embeddings) const {
  shared_->require_words();
  const sd::TextSlot& first = shared_->slots().front();
  const sd::TextEncoderConfig& config = shared_->checkpoint->text_encoder_config(first.part);
  EmbeddingVectors vectors(embeddings);
  return sd::find_tokens(
      shared_->tokenizer(first.part), text, words, config.max_positions, vectors.for_encoder(first, config.width));
}

Clip Clip::with_skip(std::int64_t skip) const {
  Clip other = *this;
  other.skip_ = skip;
  return other;
}

const sd::Checkpoint& Clip::checkpoint() const { return *shared_->checkpoint; }

std::shared_ptr<const sd::Checkpoint> Clip::shared_checkpoint() const { return shared_->checkpoint; }

Clip Clip::with(sd::Patch patch) const {
  Clip other = *this;
  other.patches_.push_back(std::make_shared<const sd::Patch>(std::move(patch)));
  const std::string key = sd::key_of(sd::weight_patches(other.patches_));
  for (std::size_t i = 0; i < encoders_.size(); ++i)
    other.encoders_[i] = shared_->encoders.at(shared_->slots()[i].part).for_key(key);
  return other;
}

}  // namespace weft
