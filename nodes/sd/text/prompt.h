// Prompts with weights, "(words:1.2)", in the form and with the meaning that ComfyUI gives them; and their
// encoding.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/sd/networks/text_encoder.h"
#include "nodes/sd/sampling/conditioning.h"
#include "nodes/sd/text/tokenizer.h"

namespace weft::sd {

struct WeightedText {
  std::string text;
  double weight;
};

/// (x) weighs x 1.1 times, a level of brackets at a time; (x:1.2) makes the weight 1.2, whatever is around
/// it.
/// \( and \) are plain brackets, unbalanced ones stand for themselves, and [x] and BREAK mean nothing.
/// Beyond 100 levels brackets are text, and so is a weight that is no finite number.
std::vector<WeightedText> parse_weights(std::string_view prompt);

/// What of a prompt has not the effect that its writer may expect, a sentence each: weights that are out of range or no
/// numbers, brackets that are too deep. For warnings.
std::vector<std::string> prompt_warnings(std::string_view prompt);

/// The names in "embedding:name", each once: words that were learnt by textual inversion (Gal et al. 2022,
/// arXiv:2208.01618). A name ends at a space, a comma, a colon, '<' or '[', and may have an extension.
std::vector<std::string> named_embeddings(std::string_view prompt);

/// Of a name in a prompt: the vectors that stand there, float32 [n, width]; undefined: none, and the name is left out. Where
/// there is no such function, "embedding:name" is plain text.
using LearnedWords = std::function<at::Tensor(const std::string& name)>;

/// A place in a chunk that has a vector in place of an id's.
struct LearnedPlace {
  std::string name;
  at::Tensor vector;  ///< float32 [width]
};

/// As many tokens as the text encoder takes at once: start, at most length - 2 tokens, end, padding.
struct TokenChunk {
  std::vector<std::int64_t> ids;  ///< 0 where a learned word is
  std::vector<float> weights;
  std::map<std::size_t, LearnedPlace> learned = {};  ///< by place
};

/// Bounds of a prompt. Each step attends to every chunk: at 64 (4,928 places) that costs more than the attention among the
/// 4,096 latents of a picture of 512 x 512. No text within that bound is as long as kLongestPrompt, in bytes.
inline constexpr std::size_t kMostChunks = 64, kLongestPrompt = 100'000;

/// At least one chunk. Throws NodeError for a prompt beyond the bounds. A run of equal weight shorter than 8 tokens is not torn apart at a chunk's end.
std::vector<TokenChunk> tokenize_prompt(
    const Tokenizer& tokenizer, std::string_view prompt, std::int64_t length = 77, const LearnedWords& learned = {});

/// Where the tokens of `words` stand among those of all chunks of the prompt, each occurrence, rising.
std::vector<std::int64_t> find_tokens(const Tokenizer& tokenizer, std::string_view prompt, std::string_view words,
    std::int64_t length = 77, const LearnedWords& learned = {});

struct EncodedPrompt {
  at::Tensor context;  ///< [1, chunks * length, width] float32, what the U-Net attends to
  at::Tensor pooled;  ///< [1, width] float32, of the first chunk
  std::vector<PromptToken> tokens;  ///< what stands at each place of the context
};

/// What a token's weight does to its vector z.
enum class Weighing {
  FromEmpty,  ///< moves it away from (or towards) that of the empty prompt, empty + (z - empty) * weight: ComfyUI
  KeepMean,  ///< z * weight, then all vectors of the chunk by the number that restores the chunk's mean: AUTOMATIC1111
};

/// clip_skip: see TextEncoder::forward. Throws ModelError where the tokenizer has more words than the encoder.
EncodedPrompt encode_chunks(const TextEncoder& encoder, const Tokenizer& tokenizer, std::vector<TokenChunk> chunks,
    std::int64_t clip_skip = 0, Weighing weighing = Weighing::FromEmpty);

/// The same of a prompt, which is plain text but for its weights.
EncodedPrompt encode_prompt(
    const TextEncoder& encoder, const Tokenizer& tokenizer, std::string_view prompt, std::int64_t clip_skip = 0);

}  // namespace weft::sd
