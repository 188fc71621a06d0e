// Compel's arithmetic (compel_prompt.h).
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <span>

#include "nodes/sd/text/compel_prompt.h"
#include "nodes/sd/text/prompt_chunks.h"

namespace weft::sd {
namespace {

/// A prompt's chunks, and where each of its runs stands among their places, both ends included.
struct Layout {
  struct Places {
    std::int64_t first, last;
  };
  std::vector<TokenChunk> chunks;
  std::vector<std::optional<Places>> runs;  ///< none for a run without tokens
};

/// Cuts behind sentences, phrases and words.
class SentenceWriter : public ChunkWriter {
 public:
  SentenceWriter(const Tokenizer& tokenizer, std::int64_t length) : ChunkWriter(tokenizer, length), length_(length) {
    for (const char* mark : {".", ",", ";", ":"}) {
      const auto ids = tokenizer.encode(mark);
      marks_.push_back(ids.size() == 1 ? ids[0] : -1);
    }
  }

  Layout lay_out(const std::vector<WeightedText>& runs, const LearnedWords& learned) {
    std::vector<ChunkToken> tokens;
    std::vector<float> weights;
    std::vector<std::size_t> ends;  // of runs, among the tokens
    for (const WeightedText& run : runs) {
      for (const PromptPiece& piece : pieces_of(run.text, learned))
        for (ChunkToken& token : tokens_of(tokenizer(), piece, learned)) tokens.push_back(std::move(token));
      weights.resize(tokens.size(), static_cast<float>(run.weight));
      ends.push_back(tokens.size());
    }
    std::vector<std::int64_t> places;
    for (std::size_t begin = 0, chunk = 0; begin < tokens.size() || chunk == 0; ++chunk) {
      if (chunk > 0) {
        end();
        this->begin();
      }
      const std::size_t take = cut(std::span(tokens).subspan(begin));
      for (std::size_t i = begin; i < begin + take; ++i) {
        places.push_back(static_cast<std::int64_t>(chunk) * length_ + static_cast<std::int64_t>(filled()) + 1);
        put(tokens[i], weights[i]);
      }
      begin += take;
    }
    Layout layout;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      layout.runs.push_back(end > begin ? std::optional(Layout::Places{places[begin], places[end - 1]}) : std::nullopt);
      begin = end;
    }
    layout.chunks = finish();
    return layout;
  }

 private:
  /// How many tokens go into a chunk.
  std::size_t cut(std::span<const ChunkToken> tokens) const {
    const std::size_t most = room();
    if (tokens.size() <= most) return tokens.size();
    std::vector<std::int64_t> ids;
    for (const ChunkToken& token : tokens.first(most)) ids.push_back(token.learned.vector.defined() ? -1 : token.id);
    const auto behind_last = [&](const auto& fits) {
      std::size_t end = most;
      while (end > 0 && !fits(end - 1)) --end;
      return end;
    };
    const auto is_mark = [&](std::size_t i, std::size_t count) {
      return ids[i] >= 0 &&
          std::find(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(count), ids[i]) !=
          marks_.begin() + static_cast<std::ptrdiff_t>(count);
    };
    if (const std::size_t end = behind_last([&](std::size_t i) { return is_mark(i, 1); }); end > 0) return end;
    if (const std::size_t end = behind_last([&](std::size_t i) { return is_mark(i, marks_.size()); }); end > 0)
      return end;
    const std::size_t end = behind_last([&](std::size_t i) {
      return ids[i] < 0 || !tokenizer().spell({ids[i]}).front().ends_with("\u2026");  // the last piece of a word
    });
    return end > 0 ? end : most;
  }

  std::int64_t length_;
  std::vector<std::int64_t> marks_;  // ids; that of the full stop is the first
};

class CompelEncoder {
 public:
  CompelEncoder(
      const TextEncoder& encoder, const Tokenizer& tokenizer, std::int64_t clip_skip, const LearnedWords& learned)
      : encoder_(encoder),
        tokenizer_(tokenizer),
        length_(encoder.config().max_positions),
        skip_(clip_skip),
        learned_(learned) {
    empty_ = encoder_.forward(ids_of(SentenceWriter(tokenizer_, length_).finish()), skip_).hidden.to(at::kFloat);
  }

  /// [1, chunks * length, width]; what stands there is put into `tokens`.
  at::Tensor encode(const std::vector<WeightedText>& runs, std::vector<PromptToken>& tokens) const {
    const Layout layout = SentenceWriter(tokenizer_, length_).lay_out(runs, learned_);
    for (PromptToken& token : spelled(tokenizer_, layout.chunks)) tokens.push_back(std::move(token));
    at::Tensor sum = weighted(layout.chunks, at::Tensor());
    double parts = 1;
    const auto count = static_cast<std::int64_t>(layout.chunks.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].weight >= 1 || !layout.runs[i]) continue;
      at::Tensor seen = at::ones({count * length_}, at::kBool);
      seen.slice(0, layout.runs[i]->first, layout.runs[i]->last + 1).fill_(false);
      seen.slice(0, 0, seen.size(0), length_).fill_(true);  // where chunks begin and end
      seen.slice(0, length_ - 1, seen.size(0), length_).fill_(true);
      const double part = std::tan((1 - std::max(1e-5, runs[i].weight)) * std::numbers::pi / 2);
      sum = sum + weighted(layout.chunks, seen.view({count, length_})) * part;
      parts += part;
    }
    return (sum / parts).reshape({1, -1, sum.size(2)});
  }

  /// With empty prompts behind it up to the length of a context.
  at::Tensor padded(const at::Tensor& context, std::int64_t length) const {
    const std::int64_t missing = (length - context.size(1)) / length_;
    return missing > 0 ? at::cat({context, empty(missing)}, 1) : context;
  }
  at::Tensor empty(std::int64_t chunks) const { return empty_.repeat({1, chunks, 1}); }
  std::int64_t length() const { return length_; }

  /// Of the text as it was written, up to the end of a chunk.
  at::Tensor pooled(std::string_view text) const {
    ChunkWriter writer(tokenizer_, length_);
    std::vector<ChunkToken> tokens;
    for (const PromptPiece& piece : pieces_of(text, learned_))
      for (ChunkToken& token : tokens_of(tokenizer_, piece, learned_)) tokens.push_back(std::move(token));
    if (tokens.size() > static_cast<std::size_t>(length_ - 2)) tokens.resize(static_cast<std::size_t>(length_ - 2));
    writer.add_run(tokens, 1);
    const auto chunks = writer.finish();
    return encoder_.forward(ids_of(chunks), skip_, placed_in(chunks)).pooled.to(at::kFloat);
  }

 private:
  /// [chunks, length, width]
  at::Tensor weighted(const std::vector<TokenChunk>& chunks, const at::Tensor& seen) const {
    const at::Tensor words = encoder_.forward(ids_of(chunks), skip_, placed_in(chunks), seen).hidden.to(at::kFloat);
    if (!has_weights(chunks)) return words;
    const at::Tensor weights = weights_of(chunks).to(words.device());
    return at::where(weights.eq(1), words, empty_ + (words - empty_) * weights);
  }

  const TextEncoder& encoder_;
  const Tokenizer& tokenizer_;
  std::int64_t length_, skip_;
  const LearnedWords& learned_;
  at::Tensor empty_;  // [1, length, width]
};

}  // namespace

EncodedPrompt encode_compel(const TextEncoder& encoder, const Tokenizer& tokenizer, const CompelPrompt& prompt,
    std::string_view text, std::int64_t clip_skip, const LearnedWords& learned) {
  require_same_words(encoder, tokenizer);
  const CompelEncoder compel(encoder, tokenizer, clip_skip, learned);
  EncodedPrompt result;
  std::vector<at::Tensor> contexts;
  std::int64_t longest = 0;
  for (const std::vector<WeightedText>& runs : prompt.prompts) {
    contexts.push_back(compel.encode(runs, result.tokens));
    longest = std::max(longest, contexts.back().size(1));
  }
  if (prompt.kind == CompelPrompt::Kind::And) {
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      if (prompt.weights[i] == 1) continue;
      const at::Tensor empty = compel.empty(contexts[i].size(1) / compel.length());
      contexts[i] = empty + (contexts[i] - empty) * prompt.weights[i];
    }
    result.context = at::cat(contexts, 1);
  } else if (contexts.size() == 1 && prompt.normalize) {
    result.context = contexts[0];
  } else {
    result.tokens.clear();  // a place is of several prompts
    double sum = 0;
    for (const double weight : prompt.weights) sum += weight;
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      const at::Tensor part =
          compel.padded(contexts[i], longest) * (prompt.normalize ? prompt.weights[i] / sum : prompt.weights[i]);
      result.context = i == 0 ? part : result.context + part;
    }
  }
  result.pooled = compel.pooled(text);
  return result;
}

}  // namespace weft::sd
