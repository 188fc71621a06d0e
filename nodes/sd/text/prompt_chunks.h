// How prompts of every dialect become chunks: pieces of text, their tokens, and the chunks that are filled with them. Used by
// prompt.cpp and by the dialects beside it. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/sd/text/prompt.h"

namespace weft::sd {

/// A run of plain text, or the name of a learned word.
struct PromptPiece {
  std::string_view text;
  bool is_name;
};

/// "a embedding:x b" -> "a ", x, " b". Without learned words everything is text.
std::vector<PromptPiece> pieces_of(std::string_view text, const LearnedWords& learned);
std::vector<PromptPiece> pieces_of(std::string_view text);

/// What is put into a chunk.
struct ChunkToken {
  std::int64_t id = 0;
  LearnedPlace learned = {};  ///< its vector is undefined for an id
};

std::vector<ChunkToken> tokens_of(const Tokenizer& tokenizer, const PromptPiece& piece, const LearnedWords& learned);

/// Throws NodeError for a prompt of more than kLongestPrompt bytes.
void require_short(std::string_view prompt);

/// Fills chunks from left to right.
class ChunkWriter {
 public:
  ChunkWriter(const Tokenizer& tokenizer, std::int64_t length);

  /// A run of equal weight shorter than 8 tokens is not torn apart at a chunk's end.
  void add_run(const std::vector<ChunkToken>& tokens, float weight);
  /// At least one chunk.
  std::vector<TokenChunk> finish();

 protected:
  const Tokenizer& tokenizer() const { return tokenizer_; }
  /// Tokens that the chunk can still take, and those that it has behind its start.
  std::size_t room() const { return length_ - 1 - chunks_.back().ids.size(); }
  std::size_t filled() const { return chunks_.back().ids.size() - 1; }

  /// Throws NodeError beyond kMostChunks.
  void begin();
  void end();
  void put(const ChunkToken& token, float weight);
  /// Removes what the chunk has from a place behind its start on.
  std::vector<std::pair<ChunkToken, float>> take_from(std::size_t place);

 private:
  const Tokenizer& tokenizer_;
  std::size_t length_;
  std::vector<TokenChunk> chunks_;
};

/// The texts and weights of all places.
std::vector<PromptToken> spelled(const Tokenizer& tokenizer, const std::vector<TokenChunk>& chunks);

/// [chunks, length] int64, the vectors in it, and the weights [chunks, length, 1] float32.
at::Tensor ids_of(const std::vector<TokenChunk>& chunks);
std::vector<PlacedVector> placed_in(const std::vector<TokenChunk>& chunks);
at::Tensor weights_of(const std::vector<TokenChunk>& chunks);
bool has_weights(const std::vector<TokenChunk>& chunks);

/// Throws ModelError where the tokenizer has more words than the encoder.
void require_same_words(const TextEncoder& encoder, const Tokenizer& tokenizer);

}  // namespace weft::sd
