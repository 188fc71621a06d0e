#include "nodes/sd/text/prompt_chunks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

constexpr std::size_t kShortRun = 8;

}  // namespace

std::vector<PromptPiece> pieces_of(std::string_view text) {
  constexpr std::string_view kKey = "embedding:";
  std::vector<PromptPiece> pieces;
  std::size_t begin = 0;
  for (std::size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
    if (at < begin || (at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1])))) continue;  // of another word
    const std::size_t first = at + kKey.size(), end = std::min(text.find_first_of(" \t\r\n,:<[", first), text.size());
    if (end == first) continue;
    if (at > begin) pieces.push_back({text.substr(begin, at - begin), false});
    pieces.push_back({text.substr(first, end - first), true});
    begin = end;
  }
  if (begin < text.size()) pieces.push_back({text.substr(begin), false});
  return pieces;
}

std::vector<ChunkToken> tokens_of(const Tokenizer& tokenizer, const PromptPiece& piece, const LearnedWords& learned) {
  std::vector<ChunkToken> tokens;
  if (piece.is_name) {
    const at::Tensor vectors = learned(std::string(piece.text));
    for (std::int64_t i = 0; vectors.defined() && i < vectors.size(0); ++i)
      tokens.push_back({.learned = {std::string(piece.text), vectors[i]}});
    return tokens;
  }
  for (const std::int64_t id : tokenizer.encode(piece.text)) tokens.push_back({.id = id});
  return tokens;
}

std::vector<PromptPiece> pieces_of(std::string_view text, const LearnedWords& learned) {
  return learned ? pieces_of(text) : std::vector<PromptPiece>{{text, false}};
}

void require_short(std::string_view prompt) {
  if (prompt.size() > kLongestPrompt)
    throw NodeError(
        fmt::format("the text is {} bytes long, the most are {}", prompt.size(), kLongestPrompt), "shorten it");
}

ChunkWriter::ChunkWriter(const Tokenizer& tokenizer, std::int64_t length)
    : tokenizer_(tokenizer), length_(static_cast<std::size_t>(length)) {
  begin();
}

void ChunkWriter::add_run(const std::vector<ChunkToken>& tokens, float weight) {
  // More than a chunk: only where the text encoder takes fewer than ten tokens at once.
  const auto may_be_torn = [&](std::size_t left) { return tokens.size() >= kShortRun || left > length_ - 2; };
  for (std::size_t next = 0; next < tokens.size();) {
    const std::size_t left = tokens.size() - next;
    const std::size_t take = left <= room() ? left : may_be_torn(left) ? room() : 0;
    for (std::size_t i = 0; i < take; ++i) put(tokens[next + i], weight);
    next += take;
    if (next < tokens.size()) {
      end();
      begin();
    }
  }
}

std::vector<TokenChunk> ChunkWriter::finish() {
  end();
  return std::move(chunks_);
}

void ChunkWriter::begin() {
  if (chunks_.size() == kMostChunks)
    throw NodeError(fmt::format("the text is longer than {} chunks of {} tokens, the most that the U-Net is given",
                        kMostChunks, length_ - 2),
        "shorten it");
  chunks_.emplace_back();
  put({.id = tokenizer_.start_id()}, 1);
}

void ChunkWriter::end() {
  put({.id = tokenizer_.end_id()}, 1);
  while (chunks_.back().ids.size() < length_) put({.id = tokenizer_.pad_id()}, 1);
}

void ChunkWriter::put(const ChunkToken& token, float weight) {
  TokenChunk& chunk = chunks_.back();
  if (token.learned.vector.defined()) chunk.learned.emplace(chunk.ids.size(), token.learned);
  chunk.ids.push_back(token.id);
  chunk.weights.push_back(weight);
}

std::vector<std::pair<ChunkToken, float>> ChunkWriter::take_from(std::size_t place) {
  TokenChunk& chunk = chunks_.back();
  std::vector<std::pair<ChunkToken, float>> taken;
  for (std::size_t i = place + 1; i < chunk.ids.size(); ++i) {
    const auto word = chunk.learned.find(i);
    taken.push_back({{chunk.ids[i], word != chunk.learned.end() ? word->second : LearnedPlace{}}, chunk.weights[i]});
    chunk.learned.erase(i);
  }
  chunk.ids.resize(place + 1);
  chunk.weights.resize(place + 1);
  return taken;
}

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

void require_same_words(const TextEncoder& encoder, const Tokenizer& tokenizer) {
  const std::int64_t vocab = encoder.config().vocab;
  if (static_cast<std::int64_t>(tokenizer.vocabulary_size()) > vocab)
    throw ModelError("the tokenizer",
        fmt::format("has {} tokens, and the text encoder {}", tokenizer.vocabulary_size(), vocab),
        "use the tokenizer folder that came with the model");
}

}  // namespace weft::sd
