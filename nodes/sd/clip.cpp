// Clip: the value that holds a text encoder and its tokenizer.
#include <c10/core/InferenceMode.h>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/runtime_symbol_info.hpp>
#include <mutex>
#include <optional>

#include "nodes/sd/checkpoint.h"
#include "nodes/sd/per_device.h"
#include "nodes/sd/precision.h"
#include "nodes/sd/prompt.h"
#include "nodes/sd/transfer.h"
#include "nodes/sd/values.h"

namespace weft {

struct Clip::Shared {
  std::shared_ptr<const sd::Checkpoint> checkpoint;
  sd::PerDevice<sd::TextEncoder> encoders;
  std::once_flag made_tokenizer;
  std::optional<sd::Tokenizer> made;

  const sd::Tokenizer& tokenizer() {
    std::call_once(made_tokenizer, [this] {
      const auto& folder = checkpoint->tokenizer_folder();
      // lib/libweft_sd.so stands beside share/weft/.
      made = folder ? sd::Tokenizer::from_folder(*folder)
                    : sd::Tokenizer::clip(boost::dll::this_line_location().parent_path().parent_path() /
                                          "share/weft/bpe_simple_vocab_16e6.txt.gz");
    });
    return *made;
  }
};

Clip::Clip(std::shared_ptr<const sd::Checkpoint> checkpoint) : shared_(std::make_shared<Shared>()) {
  shared_->checkpoint = std::move(checkpoint);
}

Conditioning Clip::encode(const std::string& text, const Device& device) const {
  const c10::InferenceMode inference;
  const auto encoder = shared_->encoders.get(device, [&] {
    return shared_->checkpoint->text_encoder(sd::torch_device(device), sd::kTextEncoderDtype);
  });
  const sd::EncodedPrompt encoded = sd::encode_prompt(*encoder, shared_->tokenizer(), text, skip_);
  return {{{.context = encoded.context, .pooled = encoded.pooled}}};
}

std::vector<int64_t> Clip::find_tokens(const std::string& text, const std::string& words) const {
  const int64_t length = shared_->checkpoint->text_encoder_config().max_positions;
  return sd::find_tokens(shared_->tokenizer(), text, words, length);
}

Clip Clip::with_skip(int64_t skip) const {
  Clip other = *this;
  other.skip_ = skip;
  return other;
}

std::size_t Clip::bytes() const { return shared_->checkpoint->text_encoder_bytes(); }

}  // namespace weft
