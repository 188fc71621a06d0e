// Prompts in the form and with the meaning of the Python library compel (2.x): weights by signs and numbers, blends, and
// conjunctions; and their encoding. Pure functions: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nodes/sd/text/prompt.h"

namespace weft::sd {

/// One prompt, or several of them.
struct CompelPrompt {
  enum class Kind {
    Blend,  ///< their encodings' mean by weight; one prompt alone is that
    And,  ///< their encodings one after the other, each moved away from the empty prompt by its weight
  };
  Kind kind = Kind::Blend;
  std::vector<std::vector<WeightedText>> prompts;  ///< runs that differ in weight, joined by spaces
  std::vector<double> weights;
  bool normalize = true;  ///< a blend's weights are divided by their sum
  std::vector<std::string> warnings = {};  ///< what has no effect, a sentence each
};

/// word+ and (several words)++ weigh 1.1 times for each sign, - 0.9 times, (words)1.3 as they say; ("a", "b").blend(1, 2),
/// ("a", "b").and(1, 0.5). \ takes a sign's meaning away. What is not of this form is plain text, as in compel. Throws NodeError
/// with the column where a blend or conjunction has not as many weights as prompts, and where more text stands behind one.
CompelPrompt parse_compel(std::string_view prompt);

/// A token of weight 1 and more is moved away from that of the empty prompt, empty + (z - empty) * weight. One of less is in
/// addition mixed with the prompt that has its run masked, tan((1 - weight) pi / 2) parts of that to one. Texts that are too long
/// for a chunk are cut behind a sentence, else a phrase, else a word. `text`: as it was written; pooled is of that, up to the
/// end of the first chunk. Throws as encode_chunks() does.
EncodedPrompt encode_compel(const TextEncoder& encoder, const Tokenizer& tokenizer, const CompelPrompt& prompt,
    std::string_view text, std::int64_t clip_skip = 0, const LearnedWords& learned = {});

}  // namespace weft::sd
