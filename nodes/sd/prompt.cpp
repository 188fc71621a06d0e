#include "nodes/sd/prompt.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "nodes/sd/model_error.h"

namespace weft::sd {
namespace {

constexpr int kMaxLevels = 100;
constexpr size_t kShortRun = 8;

// Escaped brackets are these while brackets are counted.
constexpr char kOpened = '\2', kClosed = '\1';

std::string hide_escaped(std::string_view prompt) {
  std::string result;
  for (size_t i = 0; i < prompt.size(); ++i) {
    const bool escaped =
        prompt[i] == '\\' && i + 1 < prompt.size() && (prompt[i + 1] == '(' || prompt[i + 1] == ')');
    if (escaped) ++i;
    result += !escaped ? prompt[i] : prompt[i] == '(' ? kOpened : kClosed;
  }
  return result;
}

std::string show_escaped(std::string_view text) {
  std::string result(text);
  std::replace(result.begin(), result.end(), kOpened, '(');
  std::replace(result.begin(), result.end(), kClosed, ')');
  return result;
}

// "a (b) c" -> "a ", "(b)", " c": brackets of the outermost level, each with all that is inside.
std::vector<std::string_view> split_groups(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  int level = 0;
  const auto cut_at = [&](size_t end) {
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(' && level++ == 0) cut_at(i);
    if (text[i] == ')' && --level == 0) cut_at(i + 1);
  }
  cut_at(text.size());
  return parts;
}

// A whole decimal number with spaces around; nothing else.
std::optional<double> whole_number(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

void parse_level(std::string_view text, double weight, int level, std::vector<WeightedText>& result) {
  for (std::string_view part : split_groups(text)) {
    const bool group = part.size() >= 2 && part.front() == '(' && part.back() == ')' && level < kMaxLevels;
    if (!group) {
      result.push_back({show_escaped(part), weight});
      continue;
    }
    part = part.substr(1, part.size() - 2);
    double inner = weight * 1.1;
    const size_t colon = part.rfind(':');
    if (colon != std::string_view::npos && colon > 0) {
      if (const auto number = whole_number(part.substr(colon + 1))) {
        inner = *number;
        part = part.substr(0, colon);
      }
    }
    parse_level(part, inner, level + 1, result);
  }
}

// Fills chunks from left to right.
class ChunkWriter {
 public:
  ChunkWriter(const Tokenizer& tokenizer, int64_t length)
      : tokenizer_(tokenizer), length_(static_cast<size_t>(length)) {
    begin();
  }

  void add_run(const std::vector<int64_t>& ids, float weight) {
    const bool may_be_torn = ids.size() >= kShortRun;
    for (size_t next = 0; next < ids.size();) {
      const size_t left = ids.size() - next;
      const size_t take = left <= room() ? left : may_be_torn || longer_than_a_chunk(left) ? room() : 0;
      for (size_t i = 0; i < take; ++i) put(ids[next + i], weight);
      next += take;
      if (next < ids.size()) {
        end();
        begin();
      }
    }
  }

  std::vector<TokenChunk> finish() {
    end();
    return std::move(chunks_);
  }

 private:
  // Only where the text encoder takes fewer than ten tokens at once.
  bool longer_than_a_chunk(size_t count) const { return count > length_ - 2; }

  size_t room() const { return length_ - 1 - chunks_.back().ids.size(); }

  void begin() {
    chunks_.emplace_back();
    put(tokenizer_.start_id(), 1);
  }

  void end() {
    put(tokenizer_.end_id(), 1);
    while (chunks_.back().ids.size() < length_) put(tokenizer_.pad_id(), 1);
  }

  void put(int64_t id, float weight) {
    chunks_.back().ids.push_back(id);
    chunks_.back().weights.push_back(weight);
  }

  const Tokenizer& tokenizer_;
  size_t length_;
  std::vector<TokenChunk> chunks_;
};

at::Tensor ids_of(const std::vector<TokenChunk>& chunks) {
  std::vector<at::Tensor> rows;
  for (const auto& chunk : chunks) rows.push_back(at::tensor(chunk.ids, at::kLong));
  return at::stack(rows);
}

at::Tensor weights_of(const std::vector<TokenChunk>& chunks) {
  std::vector<at::Tensor> rows;
  for (const auto& chunk : chunks) rows.push_back(at::tensor(chunk.weights, at::kFloat));
  return at::stack(rows).unsqueeze(-1);
}

bool has_weights(const std::vector<TokenChunk>& chunks) {
  return std::any_of(chunks.begin(), chunks.end(), [](const TokenChunk& chunk) {
    return std::any_of(chunk.weights.begin(), chunk.weights.end(), [](float weight) { return weight != 1; });
  });
}

}  // namespace

std::vector<WeightedText> parse_weights(std::string_view prompt) {
  std::vector<WeightedText> result;
  parse_level(hide_escaped(prompt), 1, 0, result);
  return result;
}

std::vector<TokenChunk> tokenize_prompt(const Tokenizer& tokenizer, std::string_view prompt, int64_t length) {
  ChunkWriter writer(tokenizer, length);
  for (const auto& [text, weight] : parse_weights(prompt)) {
    writer.add_run(tokenizer.encode(text), static_cast<float>(weight));
  }
  return writer.finish();
}

std::vector<int64_t> find_tokens(const Tokenizer& tokenizer, std::string_view prompt, std::string_view words,
                                 int64_t length) {
  const std::vector<int64_t> wanted = tokenizer.encode(words);
  std::vector<int64_t> places;
  int64_t chunk_begin = 0;
  for (const TokenChunk& chunk : tokenize_prompt(tokenizer, prompt, length)) {
    for (auto from = chunk.ids.begin(); !wanted.empty();) {
      from = std::search(from, chunk.ids.end(), wanted.begin(), wanted.end());
      if (from == chunk.ids.end()) break;
      for (std::size_t i = 0; i < wanted.size(); ++i) places.push_back(chunk_begin + (from++ - chunk.ids.begin()));
    }
    chunk_begin += length;
  }
  return places;
}

std::vector<PromptToken> prompt_tokens(const Tokenizer& tokenizer, std::string_view prompt, int64_t length) {
  std::vector<PromptToken> tokens;
  for (const TokenChunk& chunk : tokenize_prompt(tokenizer, prompt, length)) {
    const std::vector<std::string> texts = tokenizer.spell(chunk.ids);
    for (size_t i = 0; i < texts.size(); ++i) tokens.push_back({texts[i], chunk.weights[i]});
  }
  return tokens;
}

std::vector<std::string> named_embeddings(std::string_view prompt) {
  constexpr std::string_view kKey = "embedding:";
  std::vector<std::string> names;
  for (size_t at = prompt.find(kKey); at != std::string_view::npos; at = prompt.find(kKey, at + 1)) {
    const std::string_view rest = prompt.substr(at + kKey.size());
    names.emplace_back(rest.substr(0, rest.find_first_of(" \t\n,:()")));
  }
  return names;
}

EncodedPrompt encode_prompt(const TextEncoder& encoder, const Tokenizer& tokenizer, std::string_view prompt,
                            int64_t clip_skip) {
  const auto& config = encoder.config();
  if (static_cast<int64_t>(tokenizer.vocabulary_size()) > config.vocab) {
    throw ModelError(
        "the tokenizer",
        fmt::format("has {} tokens, and the text encoder {}", tokenizer.vocabulary_size(), config.vocab),
        "use the tokenizer folder that came with the model");
  }
  std::vector<TokenChunk> chunks = tokenize_prompt(tokenizer, prompt, config.max_positions);
  const auto count = static_cast<int64_t>(chunks.size());
  const bool weighted = has_weights(chunks);
  if (weighted) chunks.push_back(tokenize_prompt(tokenizer, "", config.max_positions).front());

  const TextEncoding encoding = encoder.forward(ids_of(chunks), clip_skip);
  at::Tensor hidden = encoding.hidden.to(at::kFloat);
  if (weighted) {
    const at::Tensor empty = hidden.narrow(0, count, 1);
    const at::Tensor weights = weights_of(chunks).narrow(0, 0, count).to(hidden.device());
    hidden = empty + (hidden.narrow(0, 0, count) - empty) * weights;
  }
  return {.context = hidden.reshape({1, -1, hidden.size(-1)}),
          .pooled = encoding.pooled.narrow(0, 0, 1).to(at::kFloat)};
}

}  // namespace weft::sd
