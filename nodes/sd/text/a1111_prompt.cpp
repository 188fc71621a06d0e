#include "nodes/sd/text/a1111_prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "nodes/sd/text/prompt_chunks.h"

namespace weft::sd {
namespace {

constexpr double kEmphasis = 1.1;
constexpr std::size_t kBacktrack = 20;  // tokens

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0; }

std::size_t behind_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

std::optional<double> finite_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// ": 1.2 )" at the front of a text.
struct WeightAtClose {
  double weight;
  std::size_t length;
};

std::optional<WeightAtClose> weight_at_close(std::string_view text) {
  if (!text.starts_with(':')) return std::nullopt;
  const std::size_t begin = behind_spaces(text, 1);
  std::size_t end = begin;
  if (end < text.size() && (text[end] == '+' || text[end] == '-')) ++end;
  while (end < text.size() && (text[end] == '.' || (text[end] >= '0' && text[end] <= '9'))) ++end;
  const std::size_t close = behind_spaces(text, end);
  if (close >= text.size() || text[close] != ')') return std::nullopt;
  const auto weight = finite_number(text.substr(begin, end - begin));
  return weight ? std::optional(WeightAtClose{*weight, close + 1}) : std::nullopt;
}

/// Where a whole word stands next, or npos.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0) {
  for (std::size_t at = text.find(word, from); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return at;
  }
  return std::string_view::npos;
}

class EmphasisReader {
 public:
  std::vector<EmphasisRun> read(std::string_view text) {
    while (!text.empty()) text.remove_prefix(step(text));
    for (const std::size_t from : round_) multiply(from, kEmphasis);
    for (const std::size_t from : square_) multiply(from, 1 / kEmphasis);
    if (runs_.empty()) runs_.push_back({});
    return merged();
  }

 private:
  /// Reads the front of a text; returns how much of it.
  std::size_t step(std::string_view text) {
    const char c = text[0];
    if (c == '\\') {
      const bool escapes = text.size() > 1 && std::string_view("()[]\\").find(text[1]) != std::string_view::npos;
      runs_.push_back({escapes ? std::string(1, text[1]) : std::string()});
      return escapes ? 2 : 1;
    }
    if (c == '(' || c == '[') {
      (c == '(' ? round_ : square_).push_back(runs_.size());
    } else if (const auto closed = weight_at_close(text); closed && !round_.empty()) {
      multiply(taken(round_), closed->weight);
      return closed->length;
    } else if (c == ')' && !round_.empty()) {
      multiply(taken(round_), kEmphasis);
    } else if (c == ']' && !square_.empty()) {
      multiply(taken(square_), 1 / kEmphasis);
    } else {
      return plain(text);
    }
    return 1;
  }

  std::size_t plain(std::string_view text) {
    const std::size_t end = std::min(std::max<std::size_t>(text.find_first_of("\\()[]:"), 1), text.size());
    std::string_view rest = text.substr(0, end);
    constexpr std::string_view kBreak = "BREAK";
    for (std::size_t at; (at = find_word(rest, kBreak)) != std::string_view::npos;) {
      std::size_t before = at;
      while (before > 0 && is_space(rest[before - 1])) --before;
      runs_.push_back({std::string(rest.substr(0, before))});
      runs_.push_back({.text = {}, .is_break = true});
      rest.remove_prefix(behind_spaces(rest, at + kBreak.size()));
    }
    runs_.push_back({std::string(rest)});
    return end;
  }

  static std::size_t taken(std::vector<std::size_t>& open) {
    const std::size_t from = open.back();
    open.pop_back();
    return from;
  }

  void multiply(std::size_t from, double by) {
    for (std::size_t i = from; i < runs_.size(); ++i)
      if (!runs_[i].is_break) runs_[i].weight *= by;
  }

  std::vector<EmphasisRun> merged() {
    std::vector<EmphasisRun> result;
    for (EmphasisRun& run : runs_) {
      const bool same =
          !result.empty() && !run.is_break && !result.back().is_break && result.back().weight == run.weight;
      if (same)
        result.back().text += run.text;
      else
        result.push_back(std::move(run));
    }
    return result;
  }

  std::vector<EmphasisRun> runs_;
  std::vector<std::size_t> round_, square_;  // where open brackets began
};

ComposedPrompt composed(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty() && is_space(rest.back())) rest.remove_suffix(1);
  std::size_t begin = rest.size();
  while (begin > 0 && (rest[begin - 1] == '.' || (rest[begin - 1] >= '0' && rest[begin - 1] <= '9'))) --begin;
  if (begin > 0 && (rest[begin - 1] == '+' || rest[begin - 1] == '-')) --begin;
  std::size_t colon = begin;
  while (colon > 0 && is_space(rest[colon - 1])) --colon;
  const auto weight = colon > 0 && rest[colon - 1] == ':' ? finite_number(rest.substr(begin)) : std::nullopt;
  if (!weight) return {std::string(rest)};
  rest = rest.substr(0, colon - 1);
  while (!rest.empty() && is_space(rest.back())) rest.remove_suffix(1);
  return {std::string(rest), *weight};
}

/// Chunks that may be ended at a comma.
class BacktrackingWriter : public ChunkWriter {
 public:
  BacktrackingWriter(const Tokenizer& tokenizer, std::int64_t length) : ChunkWriter(tokenizer, length) {
    const auto comma = tokenizer.encode(",");
    if (comma.size() == 1) comma_ = comma[0];
  }

  void add(const PromptPiece& piece, const LearnedWords& learned, float weight) {
    const std::vector<ChunkToken> tokens = tokens_of(tokenizer(), piece, learned);
    if (piece.is_name && tokens.size() > room()) next_chunk();
    for (const ChunkToken& token : tokens) {
      const bool is_comma = !token.learned.vector.defined() && token.id == comma_;
      if (is_comma)
        last_comma_ = filled();
      else if (room() == 0 && last_comma_ && filled() - *last_comma_ <= kBacktrack)
        move_on(*last_comma_ + 1);
      if (room() == 0) next_chunk();
      put(token, weight);
    }
  }

  void next_chunk() {
    end();
    begin();
    last_comma_.reset();
  }

 private:
  /// What stands from a place on begins the next chunk.
  void move_on(std::size_t from) {
    const auto moved = take_from(from);
    next_chunk();
    for (const auto& [token, weight] : moved) put(token, weight);
  }

  std::int64_t comma_ = -1;
  std::optional<std::size_t> last_comma_;  // its place behind the start
};

}  // namespace

std::vector<EmphasisRun> parse_emphasis(std::string_view prompt) { return EmphasisReader().read(prompt); }

std::vector<ComposedPrompt> split_composed(std::string_view prompt) {
  constexpr std::string_view kAnd = "AND";
  std::vector<ComposedPrompt> prompts;
  for (std::size_t at; (at = find_word(prompt, kAnd)) != std::string_view::npos;) {
    prompts.push_back(composed(prompt.substr(0, at)));
    prompt.remove_prefix(at + kAnd.size());
  }
  prompts.push_back(composed(prompt));
  return prompts;
}

std::string without_tags(std::string_view prompt, std::vector<NetworkTag>& tags) {
  std::string result;
  for (std::size_t at = 0; at < prompt.size();) {
    std::size_t colon = at + 1;
    while (prompt[at] == '<' && colon < prompt.size() && is_word(prompt[colon])) ++colon;
    const std::size_t close = prompt.find('>', at);
    const bool is_tag = prompt[at] == '<' && colon > at + 1 && colon < prompt.size() && prompt[colon] == ':' &&
        close != std::string_view::npos && close > colon + 1;
    if (!is_tag) {
      result += prompt[at++];
      continue;
    }
    const std::string_view inside = prompt.substr(colon + 1, close - colon - 1);
    tags.push_back(
        {std::string(prompt.substr(at + 1, colon - at - 1)), std::string(inside.substr(0, inside.find(':')))});
    at = close + 1;
  }
  return result;
}

std::vector<TokenChunk> tokenize_a1111(
    const Tokenizer& tokenizer, std::string_view prompt, std::int64_t length, const LearnedWords& learned) {
  require_short(prompt);
  BacktrackingWriter writer(tokenizer, length);
  bool ended = false;  // behind a BREAK, a chunk is only begun for words
  for (const EmphasisRun& run : parse_emphasis(prompt)) {
    if (run.is_break) {
      if (ended) writer.next_chunk();
      ended = true;
      continue;
    }
    for (const PromptPiece& piece : pieces_of(run.text, learned)) {
      if (ended && !tokens_of(tokenizer, piece, learned).empty()) {
        writer.next_chunk();
        ended = false;
      }
      writer.add(piece, learned, static_cast<float>(run.weight));
    }
  }
  return writer.finish();
}

}  // namespace weft::sd
