#include "nodes/sd/families/model_tokenizer.h"

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/share_file.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

fs::path bert_vocabulary(const Checkpoint& checkpoint) {
  if (const auto& own = checkpoint.tokenizer()) return *own;
  const fs::path usual = share_file("bert_uncased_vocab.txt");
  if (fs::exists(usual)) return usual;
  throw ModelError(checkpoint.path().string(), "has a text encoder that reads BERT's words, whose list is not here",
      "put bert-base-uncased's vocab.txt beside the checkpoint");
}

}  // namespace

Tokenizer tokenizer_of(const Checkpoint& checkpoint) {
  if (checkpoint.text_encoder_config().family == TextFamily::kBert) {
    const fs::path vocabulary = bert_vocabulary(checkpoint);
    return fs::is_directory(vocabulary) ? Tokenizer::bert_from_folder(vocabulary) : Tokenizer::bert(vocabulary);
  }
  const auto& own = checkpoint.tokenizer();
  return own ? Tokenizer::from_folder(*own) : Tokenizer::clip(share_file("bpe_simple_vocab_16e6.txt.gz"));
}

}  // namespace weft::sd
