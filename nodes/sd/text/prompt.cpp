#include "nodes/sd/text/prompt.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

constexpr int kMaxLevels = 100;
constexpr std::size_t kShortRun = 8;
constexpr double kSaneWeight = 10;

// Escaped brackets are these while brackets are counted.
constexpr char kOpened = '\2', kClosed = '\1';

std::string hide_escaped(std::string_view prompt) {
  std::string result;
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    const bool escaped = prompt[i] == '\\' && i + 1 < prompt.size() && (prompt[i + 1] == '(' || prompt[i + 1] == ')');
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

/// For a message.
std::string shortened(std::string_view text) {
  constexpr std::size_t kLength = 40;
  if (text.size() <= kLength) return std::string(text);
  std::size_t end = kLength;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // between characters
  return std::string(text.substr(0, end)) + "...";
}

// "a (b) c" -> "a ", "(b)", " c": brackets of the outermost level, each with all that is inside.
std::vector<std::string_view> split_groups(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int level = 0;
  const auto cut_at = [&](std::size_t end) {
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(' && level++ == 0) cut_at(i);
    if (text[i] == ')' && --level == 0) cut_at(i + 1);
  }
  cut_at(text.size());
  return parts;
}

// A whole number, finite or not, with spaces around; nothing else.
std::optional<double> whole_number(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc() ? value : std::numeric_limits<double>::infinity();
}

struct Group {
  std::string_view text;
  std::optional<double> weight;  ///< as it is written behind a colon

  explicit Group(std::string_view inside) : text(inside) {
    const std::size_t colon = inside.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return;
    weight = whole_number(inside.substr(colon + 1));
    if (weight && std::isfinite(*weight)) text = inside.substr(0, colon);
  }
};

struct Parsed {
  std::vector<WeightedText> runs;
  bool too_deep = false;
  std::string no_weight;  ///< the first group with what is no finite number for a weight
};

// Groups wait on a stack of our own, so that no prompt is too deep for the thread's.
Parsed parse(std::string_view prompt) {
  struct Part {
    std::string_view text;
    double weight;
    int level;
  };
  const std::string hidden = hide_escaped(prompt);
  Parsed parsed;
  std::vector<Part> waiting;
  const auto split = [&](std::string_view text, double weight, int level) {
    const auto parts = split_groups(text);
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) waiting.push_back({*part, weight, level});
  };
  split(hidden, 1, 0);
  while (!waiting.empty()) {
    const Part part = waiting.back();
    waiting.pop_back();
    const bool bracketed = part.text.size() >= 2 && part.text.front() == '(' && part.text.back() == ')';
    if (!bracketed || part.level >= kMaxLevels) {
      parsed.too_deep |= bracketed;
      parsed.runs.push_back({show_escaped(part.text), part.weight});
      continue;
    }
    const Group group(part.text.substr(1, part.text.size() - 2));
    const bool has_weight = group.weight && std::isfinite(*group.weight);
    if (group.weight && !has_weight && parsed.no_weight.empty()) parsed.no_weight = show_escaped(part.text);
    split(group.text, has_weight ? *group.weight : part.weight * 1.1, part.level + 1);
  }
  return parsed;
}

// Fills chunks from left to right.
class ChunkWriter {
 public:
  ChunkWriter(const Tokenizer& tokenizer, std::int64_t length)
      : tokenizer_(tokenizer), length_(static_cast<std::size_t>(length)) {
    begin();
  }

  void add_run(const std::vector<std::int64_t>& ids, float weight) {
    const bool may_be_torn = ids.size() >= kShortRun;
    for (std::size_t next = 0; next < ids.size();) {
      const std::size_t left = ids.size() - next;
      const std::size_t take = left <= room() ? left : may_be_torn || longer_than_a_chunk(left) ? room() : 0;
      for (std::size_t i = 0; i < take; ++i) put(ids[next + i], weight);
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
  bool longer_than_a_chunk(std::size_t count) const { return count > length_ - 2; }

  std::size_t room() const { return length_ - 1 - chunks_.back().ids.size(); }

  void begin() {
    if (chunks_.size() == kMostChunks)
      throw NodeError(fmt::format("the text is longer than {} chunks of {} tokens, the most that the U-Net is given",
                          kMostChunks, length_ - 2),
          "shorten it");
    chunks_.emplace_back();
    put(tokenizer_.start_id(), 1);
  }

  void end() {
    put(tokenizer_.end_id(), 1);
    while (chunks_.back().ids.size() < length_) put(tokenizer_.pad_id(), 1);
  }

  void put(std::int64_t id, float weight) {
    chunks_.back().ids.push_back(id);
    chunks_.back().weights.push_back(weight);
  }

  const Tokenizer& tokenizer_;
  std::size_t length_;
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

/// The names in "embedding:name", each once, which ask for a textual inversion and are read as plain words. A name ends
/// at a space, a comma or a colon, and may have an extension.
std::vector<std::string> named_embeddings(const std::vector<WeightedText>& runs) {
  constexpr std::string_view kKey = "embedding:";
  std::vector<std::string> names;
  for (const WeightedText& run : runs) {
    const std::string_view text = run.text;
    for (std::size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
      if (at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1]))) continue;  // a part of another word
      std::string_view name = text.substr(at + kKey.size());
      name = name.substr(0, name.find_first_of(" \t\r\n,:"));
      if (!name.empty() && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
    }
  }
  return names;
}

std::vector<PromptToken> spelled(const Tokenizer& tokenizer, const std::vector<TokenChunk>& chunks) {
  std::vector<PromptToken> tokens;
  for (const TokenChunk& chunk : chunks) {
    const std::vector<std::string> texts = tokenizer.spell(chunk.ids);
    for (std::size_t i = 0; i < texts.size(); ++i) tokens.push_back({texts[i], chunk.weights[i]});
  }
  return tokens;
}

}  // namespace

std::vector<WeightedText> parse_weights(std::string_view prompt) { return parse(prompt).runs; }

std::vector<std::string> prompt_warnings(std::string_view prompt) {
  const Parsed parsed = parse(prompt);
  std::vector<std::string> sentences;
  for (const std::string& name : named_embeddings(parsed.runs))
    sentences.push_back(fmt::format("the embedding '{}' has no effect yet: its name is read as plain words", name));
  const auto largest =
      std::ranges::max_element(parsed.runs, {}, [](const WeightedText& run) { return std::abs(run.weight); });
  if (largest != parsed.runs.end() && std::abs(largest->weight) > kSaneWeight)
    sentences.push_back(
        fmt::format("the weight {:g} of '{}' is likely to spoil the picture: the usual ones are 0.5 to 1.5",
            largest->weight, shortened(largest->text)));
  if (!parsed.no_weight.empty())
    sentences.push_back(
        fmt::format("'{}' is read as words: its weight is no finite number", shortened(parsed.no_weight)));
  if (parsed.too_deep)
    sentences.push_back(
        fmt::format("brackets within {} others are read as words: such deep ones have no weight", kMaxLevels));
  return sentences;
}

std::vector<TokenChunk> tokenize_prompt(const Tokenizer& tokenizer, std::string_view prompt, std::int64_t length) {
  if (prompt.size() > kLongestPrompt)
    throw NodeError(
        fmt::format("the text is {} bytes long, the most are {}", prompt.size(), kLongestPrompt), "shorten it");
  ChunkWriter writer(tokenizer, length);
  for (const auto& [text, weight] : parse_weights(prompt)) {
    writer.add_run(tokenizer.encode(text), static_cast<float>(weight));
  }
  return writer.finish();
}

std::vector<std::int64_t> find_tokens(
    const Tokenizer& tokenizer, std::string_view prompt, std::string_view words, std::int64_t length) {
  const std::vector<std::int64_t> wanted = tokenizer.encode(words);
  std::vector<std::int64_t> places;
  std::int64_t chunk_begin = 0;
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

EncodedPrompt encode_prompt(const TextEncoder& encoder, const Tokenizer& tokenizer, std::string_view prompt,
    std::int64_t clip_skip, std::size_t least_chunks) {
  const auto& config = encoder.config();
  if (static_cast<std::int64_t>(tokenizer.vocabulary_size()) > config.vocab) {
    throw ModelError("the tokenizer",
        fmt::format("has {} tokens, and the text encoder {}", tokenizer.vocabulary_size(), config.vocab),
        "use the tokenizer folder that came with the model");
  }
  std::vector<TokenChunk> chunks = tokenize_prompt(tokenizer, prompt, config.max_positions);
  while (chunks.size() < least_chunks) chunks.push_back(tokenize_prompt(tokenizer, "", config.max_positions).front());
  std::vector<PromptToken> tokens = spelled(tokenizer, chunks);
  const auto count = static_cast<std::int64_t>(chunks.size());
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
      .pooled = encoding.pooled.narrow(0, 0, 1).to(at::kFloat),
      .tokens = std::move(tokens)};
}

}  // namespace weft::sd
