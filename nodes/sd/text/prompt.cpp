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

/// A run of plain text, or the name of a learned word.
struct Piece {
  std::string_view text;
  bool is_name;
};

/// "a embedding:x b" -> "a ", x, " b".
std::vector<Piece> pieces_of(std::string_view text) {
  constexpr std::string_view kKey = "embedding:";
  std::vector<Piece> pieces;
  std::size_t begin = 0;
  for (std::size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
    if (at < begin || (at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1])))) continue;  // of another word
    const std::size_t first = at + kKey.size(), end = std::min(text.find_first_of(" \t\r\n,:", first), text.size());
    if (end == first) continue;
    if (at > begin) pieces.push_back({text.substr(begin, at - begin), false});
    pieces.push_back({text.substr(first, end - first), true});
    begin = end;
  }
  if (begin < text.size()) pieces.push_back({text.substr(begin), false});
  return pieces;
}

/// What is put into a chunk.
struct Token {
  std::int64_t id = 0;
  LearnedPlace learned = {};  ///< its vector is undefined for an id
};

std::vector<Token> tokens_of(const Tokenizer& tokenizer, const Piece& piece, const LearnedWords& learned) {
  std::vector<Token> tokens;
  if (piece.is_name) {
    const at::Tensor vectors = learned(std::string(piece.text));
    for (std::int64_t i = 0; vectors.defined() && i < vectors.size(0); ++i)
      tokens.push_back({.learned = {std::string(piece.text), vectors[i]}});
    return tokens;
  }
  for (const std::int64_t id : tokenizer.encode(piece.text)) tokens.push_back({.id = id});
  return tokens;
}

// Fills chunks from left to right.
class ChunkWriter {
 public:
  ChunkWriter(const Tokenizer& tokenizer, std::int64_t length)
      : tokenizer_(tokenizer), length_(static_cast<std::size_t>(length)) {
    begin();
  }

  void add_run(const std::vector<Token>& tokens, float weight) {
    const bool may_be_torn = tokens.size() >= kShortRun;
    for (std::size_t next = 0; next < tokens.size();) {
      const std::size_t left = tokens.size() - next;
      const std::size_t take = left <= room() ? left : may_be_torn || longer_than_a_chunk(left) ? room() : 0;
      for (std::size_t i = 0; i < take; ++i) put(tokens[next + i], weight);
      next += take;
      if (next < tokens.size()) {
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
    put({.id = tokenizer_.start_id()}, 1);
  }

  void end() {
    put({.id = tokenizer_.end_id()}, 1);
    while (chunks_.back().ids.size() < length_) put({.id = tokenizer_.pad_id()}, 1);
  }

  void put(const Token& token, float weight) {
    TokenChunk& chunk = chunks_.back();
    if (token.learned.vector.defined()) chunk.learned.emplace(chunk.ids.size(), token.learned);
    chunk.ids.push_back(token.id);
    chunk.weights.push_back(weight);
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

std::vector<PlacedVector> placed_in(const std::vector<TokenChunk>& chunks) {
  std::vector<PlacedVector> placed;
  for (std::size_t row = 0; row < chunks.size(); ++row)
    for (const auto& [place, word] : chunks[row].learned)
      placed.push_back({static_cast<std::int64_t>(row), static_cast<std::int64_t>(place), word.vector});
  return placed;
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

std::vector<PromptToken> spelled(const Tokenizer& tokenizer, const std::vector<TokenChunk>& chunks) {
  std::vector<PromptToken> tokens;
  for (const TokenChunk& chunk : chunks) {
    std::vector<std::string> texts = tokenizer.spell(chunk.ids);
    for (const auto& [place, word] : chunk.learned) texts[place] = word.name;
    for (std::size_t i = 0; i < texts.size(); ++i) tokens.push_back({texts[i], chunk.weights[i]});
  }
  return tokens;
}

}  // namespace

std::vector<WeightedText> parse_weights(std::string_view prompt) { return parse(prompt).runs; }

std::vector<std::string> prompt_warnings(std::string_view prompt) {
  const Parsed parsed = parse(prompt);
  std::vector<std::string> sentences;
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

std::vector<std::string> named_embeddings(std::string_view prompt) {
  std::vector<std::string> names;
  for (const WeightedText& run : parse(prompt).runs)
    for (const Piece& piece : pieces_of(run.text))
      if (piece.is_name && std::ranges::find(names, piece.text) == names.end()) names.emplace_back(piece.text);
  return names;
}

std::vector<TokenChunk> tokenize_prompt(
    const Tokenizer& tokenizer, std::string_view prompt, std::int64_t length, const LearnedWords& learned) {
  if (prompt.size() > kLongestPrompt)
    throw NodeError(
        fmt::format("the text is {} bytes long, the most are {}", prompt.size(), kLongestPrompt), "shorten it");
  ChunkWriter writer(tokenizer, length);
  for (const auto& [text, weight] : parse_weights(prompt)) {
    const std::vector<Piece> pieces = learned ? pieces_of(text) : std::vector<Piece>{{text, false}};
    for (const Piece& piece : pieces) writer.add_run(tokens_of(tokenizer, piece, learned), static_cast<float>(weight));
  }
  return writer.finish();
}

std::vector<std::int64_t> find_tokens(const Tokenizer& tokenizer, std::string_view prompt, std::string_view words,
    std::int64_t length, const LearnedWords& learned) {
  const std::vector<std::int64_t> wanted = tokenizer.encode(words);
  std::vector<std::int64_t> places;
  std::int64_t chunk_begin = 0;
  for (const TokenChunk& chunk : tokenize_prompt(tokenizer, prompt, length, learned)) {
    for (auto from = chunk.ids.begin(); !wanted.empty();) {
      from = std::search(from, chunk.ids.end(), wanted.begin(), wanted.end());
      if (from == chunk.ids.end()) break;
      for (std::size_t i = 0; i < wanted.size(); ++i) places.push_back(chunk_begin + (from++ - chunk.ids.begin()));
    }
    chunk_begin += length;
  }
  return places;
}

EncodedPrompt encode_prompt(
    const TextEncoder& encoder, const Tokenizer& tokenizer, std::string_view prompt, std::int64_t clip_skip) {
  return encode_chunks(
      encoder, tokenizer, tokenize_prompt(tokenizer, prompt, encoder.config().max_positions), clip_skip);
}

EncodedPrompt encode_chunks(
    const TextEncoder& encoder, const Tokenizer& tokenizer, std::vector<TokenChunk> chunks, std::int64_t clip_skip) {
  const auto& config = encoder.config();
  if (static_cast<std::int64_t>(tokenizer.vocabulary_size()) > config.vocab) {
    throw ModelError("the tokenizer",
        fmt::format("has {} tokens, and the text encoder {}", tokenizer.vocabulary_size(), config.vocab),
        "use the tokenizer folder that came with the model");
  }
  std::vector<PromptToken> tokens = spelled(tokenizer, chunks);
  const auto count = static_cast<std::int64_t>(chunks.size());
  const bool weighted = has_weights(chunks);
  if (weighted) chunks.push_back(tokenize_prompt(tokenizer, "", config.max_positions).front());

  const TextEncoding encoding = encoder.forward(ids_of(chunks), clip_skip, placed_in(chunks));
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
