#include "nodes/sd/families/text_kind.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/share_file.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

/// CLIP's queries and values have a bias, BERT's have none.
bool has_bias(const TensorMap& encoder) {
  constexpr const char* kFirst = "text_model.encoder.layers.0.self_attn.";
  return std::ranges::any_of(std::initializer_list<const char*>{"q_proj.bias", "v_proj.bias", "in_proj.bias"},
      [&](const char* bias) { return encoder.contains(std::string(kFirst) + bias); });
}

bool has_no_bias(const TensorMap& encoder) { return !has_bias(encoder); }

Tokenizer clip_tokenizer(const std::optional<fs::path>& own_files, const fs::path&) {
  return own_files ? Tokenizer::from_folder(*own_files) : Tokenizer::clip(share_file("bpe_simple_vocab_16e6.txt.gz"));
}

Tokenizer open_clip_tokenizer(const std::optional<fs::path>& own_files, const fs::path& model) {
  return own_files ? Tokenizer::from_folder(*own_files) : clip_tokenizer({}, model).padded_with(0);
}

Tokenizer bert_tokenizer(const std::optional<fs::path>& own_files, const fs::path& model) {
  const fs::path vocabulary = own_files.value_or(share_file("bert_uncased_vocab.txt"));
  if (!own_files && !fs::exists(vocabulary))
    throw ModelError(model.string(), "has a text encoder that reads BERT's words, whose list is not here",
        "put bert-base-uncased's vocab.txt beside the checkpoint");
  return fs::is_directory(vocabulary) ? Tokenizer::bert_from_folder(vocabulary) : Tokenizer::bert(vocabulary);
}

}  // namespace

constinit const TextKind kClipText{.recognises = has_bias,
    .family = TextFamily::Clip,
    .activation = EncoderActivation::QuickGelu,
    .end_id = 49407,  // <|endoftext|>
    .vocabulary = 49408,
    .takes_words_beside_file = false,
    .tokenizer = clip_tokenizer};

constinit const TextKind kOpenClipText{.recognises = has_bias,
    .family = TextFamily::Clip,
    .activation = EncoderActivation::Gelu,
    .end_id = 49407,  // <|endoftext|>
    .vocabulary = 49408,
    .takes_words_beside_file = false,
    .tokenizer = open_clip_tokenizer};

constinit const TextKind kBertText{.recognises = has_no_bias,
    .family = TextFamily::Bert,
    .activation = EncoderActivation::Gelu,
    .end_id = 102,        // [SEP]
    .vocabulary = 30522,  // for lower case
    .takes_words_beside_file = true,
    .tokenizer = bert_tokenizer};

}  // namespace weft::sd
