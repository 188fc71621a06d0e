#include "nodes/sd/text/prompt.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "nodes/sd/text/prompt_chunks.h"

namespace weft::sd {
namespace {

constexpr int kMaxLevels = 100;
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
    for (const PromptPiece& piece : pieces_of(run.text))
      if (piece.is_name && std::ranges::find(names, piece.text) == names.end()) names.emplace_back(piece.text);
  return names;
}

std::vector<TokenChunk> tokenize_prompt(
    const Tokenizer& tokenizer, std::string_view prompt, std::int64_t length, const LearnedWords& learned) {
  require_short(prompt);
  ChunkWriter writer(tokenizer, length);
  for (const auto& [text, weight] : parse_weights(prompt)) {
    for (const PromptPiece& piece : pieces_of(text, learned))
      writer.add_run(tokens_of(tokenizer, piece, learned), static_cast<float>(weight));
  }
  return writer.finish();
}

std::vector<std::int64_t> find_tokens(const Tokenizer& tokenizer, std::string_view prompt, std::string_view words,
    std::int64_t length, const LearnedWords& learned) {
  const std::vector<std::int64_t> wanted = tokenizer.encode(words);
  std::vector<std::int64_t> places;
  std::int64_t chunk_begin = 0;
  for (TokenChunk& chunk : tokenize_prompt(tokenizer, prompt, length, learned)) {
    for (const auto& [place, word] : chunk.learned) chunk.ids[place] = -1;  // no word's
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

EncodedPrompt encode_chunks(const TextEncoder& encoder, const Tokenizer& tokenizer, std::vector<TokenChunk> chunks,
    std::int64_t clip_skip, Weighing weighing) {
  require_same_words(encoder, tokenizer);
  std::vector<PromptToken> tokens = spelled(tokenizer, chunks);
  const auto count = static_cast<std::int64_t>(chunks.size());
  const bool weighted = has_weights(chunks), from_empty = weighted && weighing == Weighing::FromEmpty;
  if (from_empty) chunks.push_back(tokenize_prompt(tokenizer, "", encoder.config().max_positions).front());

  const TextEncoding encoding = encoder.forward(ids_of(chunks), clip_skip, placed_in(chunks));
  at::Tensor hidden = encoding.hidden.to(at::kFloat);
  if (weighted) {
    const at::Tensor weights = weights_of(chunks).narrow(0, 0, count).to(hidden.device());
    const at::Tensor words = hidden.narrow(0, 0, count);
    if (from_empty) {
      const at::Tensor empty = hidden.narrow(0, count, 1);
      hidden = empty + (words - empty) * weights;
    } else {
      const at::Tensor heavy = words * weights;
      hidden = heavy * (words.mean({1, 2}, /*keepdim=*/true) / heavy.mean({1, 2}, /*keepdim=*/true));
    }
  }
  return {.context = hidden.reshape({1, -1, hidden.size(-1)}),
      .pooled = encoding.pooled.narrow(0, 0, 1).to(at::kFloat),
      .tokens = std::move(tokens)};
}

}  // namespace weft::sd
